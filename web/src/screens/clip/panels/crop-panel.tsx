/** Key frames of the crop: where they are, how they are reached, and the suggested ones. */
import { Button, IconButton } from "~/components/button";
import { Notice } from "~/components/states";
import { clock } from "~/i18n";
import type { CropKey } from "../model/apply";
import { outputOf, whenPlayed } from "../model/clock";
import { centreCrop, scaled, thinned, type Picture } from "../model/crops";
import type { Editor } from "../model/editor";
import { isWhole, type SourceState } from "../model/load";
import { tc } from "../crop-messages";
import { useCropHere } from "../parts/crop-box";

const LISTED = 40;

export function CropPanel({ editor, source, canEdit }: { editor: Editor; source: SourceState | null; canEdit: boolean }) {
  const aspect = editor.look.value.aspect;
  const edit = editor.edit.value;
  const keys = edit.crops[aspect] ?? [];
  const suggested = edit.suggested[aspect] ?? [];
  const picture = editor.picture.value;
  const change = (next: CropKey[]) => editor.do([{ op: "crop", aspect, keys: next }]);
  if (source?.file && !source.file.hasPicture) return <Notice>{tc("soundOnly")}</Notice>;
  return (
    <div class="panel-form">
      {picture && isWhole(source?.file) ? <p class="hint">{tc("help", { aspect })}</p> : <Notice>{tc("noPicture")}</Notice>}
      {canEdit && (
        <div class="row tight">
          <Button small icon="check" disabled={suggested.length === 0} onClick={() => change(thinned(suggested))}>{tc("suggested")}</Button>
          <Button small icon="undo" disabled={keys.length === 0} onClick={() => change([])}>{tc("automatic")}</Button>
        </div>
      )}
      {suggested.length === 0 && <p class="hint below">{tc("noSuggested")}</p>}
      {canEdit && picture && isWhole(source?.file) && <Size editor={editor} picture={picture} />}
      <h3>{tc("keys")}</h3>
      {keys.length === 0 && <p class="hint">{suggested.length > 0 ? tc("noKeys") : tc("noKeysPlain")}</p>}
      <ul class="plain crop-keys">
        {keys.slice(0, LISTED).map((key) => <KeyRow key={key.at_ms} editor={editor} row={key} keys={keys} canEdit={canEdit} onChange={change} />)}
      </ul>
      {keys.length > LISTED && <p class="hint">{tc("moreKeys", { count: keys.length - LISTED })}</p>}
    </div>
  );
}

function Size({ editor, picture }: { editor: Editor; picture: Picture }) {
  const here = useCropHere(editor, picture);
  const most = centreCrop(here.aspect, picture).width;
  const slide = (width: number) => {
    editor.player.pause();
    editor.nudge([here.operation(scaled(here.crop, width, here.aspect, picture))]);
  };
  return (
    <div class="field size">
      <label for="crop-size">{tc("size")}</label>
      <input id="crop-size" type="range" min={Math.round(most / 4)} max={most} step={2} value={here.crop.width} onInput={(event) => slide(event.currentTarget.valueAsNumber)} />
      <Button small icon="plus" onClick={() => editor.do([here.operation(here.crop)])}>{tc("addKey")}</Button>
    </div>
  );
}

function KeyRow({ editor, row, keys, canEdit, onChange }: {
  editor: Editor;
  row: CropKey;
  keys: CropKey[];
  canEdit: boolean;
  onChange: (keys: CropKey[]) => void;
}) {
  const pieces = editor.edit.value.segments;
  const first = pieces[0];
  const plays = whenPlayed(pieces, row.at_ms) ?? (first ? outputOf(first, row.at_ms) : 0);
  const at = clock(plays, true);
  return (
    <li>
      <Button small kind="quiet" icon="play" aria-label={tc("goTo", { at })} onClick={() => { editor.player.pause(); editor.player.seek(plays); }}>{at}</Button>
      <span class="numeric">{row.crop.x}, {row.crop.y} · {row.crop.width} × {row.crop.height}</span>
      {canEdit && (
        <>
          <select
            aria-label={tc("ease", { at })}
            value={row.ease ?? "cut"}
            onChange={(event) => onChange(keys.map((one) => (one === row ? { ...one, ease: event.currentTarget.value as NonNullable<CropKey["ease"]> } : one)))}
          >
            {(["cut", "linear", "smooth"] as const).map((ease) => <option key={ease} value={ease}>{tc(ease)}</option>)}
          </select>
          <IconButton small icon="trash" label={tc("removeKey", { at })} onClick={() => onChange(keys.filter((one) => one !== row))} />
        </>
      )}
    </li>
  );
}
