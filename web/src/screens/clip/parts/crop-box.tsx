/** The crop as a frame on the whole picture: dragged, or moved by arrows and sized by + and −. One drag is one change. */
import { useSignal } from "@preact/signals";
import type { CropKey } from "../model/apply";
import { fitted, scaled, shownCrop, withKey, type CropBox, type Picture } from "../model/crops";
import type { Editor } from "../model/editor";
import { tc } from "../crop-messages";

const STEP = 0.01;
const WIDE_STEP = 0.08;

/** The crop at the playhead, and how it is changed there. */
export function useCropHere(editor: Editor, picture: Picture) {
  const aspect = editor.look.value.aspect;
  const { outputMs } = editor.player;
  void outputMs.value;
  const atMs = Math.round(editor.player.place.sourceMs);
  const edit = editor.edit.value;
  const keys = edit.crops[aspect] ?? [];
  const crop = shownCrop(aspect, atMs, keys, edit.suggested[aspect] ?? [], picture);
  const operation = (next: CropBox): { op: "crop"; aspect: typeof aspect; keys: CropKey[] } => {
    const ease = keys.find((key) => Math.abs(key.at_ms - atMs) <= 20)?.ease ?? "cut";
    return { op: "crop", aspect, keys: withKey(editor.edit.peek().crops[aspect] ?? [], { at_ms: atMs, crop: fitted(next, aspect, picture), ease }) };
  };
  return { aspect, atMs, keys, crop, operation };
}

export function CropBoxEditor({ editor, picture, box }: { editor: Editor; picture: Picture; box: Picture }) {
  const here = useCropHere(editor, picture);
  const held = useSignal<{ x: number; y: number; crop: CropBox } | null>(null);
  const scale = box.width / picture.width;
  const { crop, aspect } = here;

  const down = (event: PointerEvent) => {
    event.preventDefault();
    editor.player.pause();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    (event.currentTarget as HTMLElement).focus();
    held.value = { x: event.clientX, y: event.clientY, crop };
  };
  const move = (event: PointerEvent) => {
    const from = held.value;
    if (!from) return;
    editor.try([here.operation({ ...from.crop, x: from.crop.x + (event.clientX - from.x) / scale, y: from.crop.y + (event.clientY - from.y) / scale })]);
  };
  const up = (event: PointerEvent) => {
    const from = held.value;
    held.value = null;
    if (!from) return;
    if (event.clientX === from.x && event.clientY === from.y) return;
    editor.do([here.operation(crop)]);
  };
  const keep = (next: CropBox) => {
    editor.player.pause();
    editor.nudge([here.operation(next)]);
  };
  const press = (event: KeyboardEvent) => {
    const step = picture.width * (event.shiftKey ? WIDE_STEP : STEP);
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (by) keep({ ...crop, x: crop.x + by[0]!, y: crop.y + by[1]! });
    else if (event.key === "+" || event.key === "=") keep(scaled(crop, crop.width * 1.05, aspect, picture));
    else if (event.key === "-") keep(scaled(crop, crop.width / 1.05, aspect, picture));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      class={`crop-box${held.value ? " held" : ""}`}
      role="application"
      tabIndex={0}
      aria-label={tc("boxLabel", { aspect, x: Math.round(crop.x), y: Math.round(crop.y), width: Math.round(crop.width) })}
      style={{ left: `${crop.x * scale}px`, top: `${crop.y * scale}px`, width: `${crop.width * scale}px`, height: `${crop.height * scale}px` }}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onBlur={() => editor.settle()}
      onKeyDown={press}
    >
      <span class="crop-name">{aspect}</span>
    </div>
  );
}
