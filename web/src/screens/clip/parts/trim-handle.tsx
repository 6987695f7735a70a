/** An end of a segment: dragged, or moved by arrows (a frame) and Shift with arrows (a word). One drag is one change. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clock } from "~/i18n";
import type { Piece } from "../model/clock";
import type { Editor } from "../model/editor";
import { nudge, snap } from "../model/gaps";
import type { Operation } from "../model/apply";
import { t } from "../messages";

const REACH_PX = 8;
const SHORTEST_MS = 100;

interface Held {
  x: number;
  fromMs: number;
  msPerPx: number;
  moved: boolean;
}

export function TrimHandle({ editor, piece, number, side, trackWidth }: {
  editor: Editor;
  piece: Piece;
  number: number;
  side: "start" | "end";
  trackWidth: () => number;
}) {
  const held = useRef<Held | null>(null);
  const snapped = useSignal<"shot" | "word" | null>(null);
  const pending = useRef<Operation[] | null>(null);
  const at = side === "start" ? piece.start_ms : piece.end_ms;

  const bounds = () => (side === "start" ? [0, piece.end_ms - SHORTEST_MS * piece.speed] : [piece.start_ms + SHORTEST_MS * piece.speed, editor.durationMs]) as [number, number];
  const operation = (to: number): Operation[] => {
    const [low, high] = bounds();
    const ms = Math.round(Math.min(Math.max(to, low), high));
    return [{ op: "trim", segment_id: piece.segment_id, ...(side === "start" ? { start_ms: ms } : { end_ms: ms }) }];
  };
  const save = () => {
    const operations = pending.current;
    pending.current = null;
    if (operations) editor.do(operations);
  };
  useEffect(() => () => { save(); editor.settle(); }, []);

  const down = (event: PointerEvent) => {
    event.preventDefault();
    event.stopPropagation();
    editor.player.pause();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    (event.currentTarget as HTMLElement).focus();
    const length = editor.edit.peek().length_ms;
    held.current = { x: event.clientX, fromMs: at, msPerPx: (length / trackWidth()) * piece.speed, moved: false };
  };
  const move = (event: PointerEvent) => {
    const from = held.current;
    if (!from) return;
    const direction = document.documentElement.dir === "rtl" ? -1 : 1;
    const by = (event.clientX - from.x) * direction;
    if (Math.abs(by) > 2) from.moved = true;
    if (!from.moved) return;
    const to = snap(editor.gaps, from.fromMs + by * from.msPerPx, editor.shots.peek(), REACH_PX * from.msPerPx);
    snapped.value = to.to;
    pending.current = operation(to.atMs);
    editor.try(pending.current);
  };
  const up = () => {
    if (!held.current) return;
    held.current = null;
    snapped.value = null;
    save();
  };
  const press = (event: KeyboardEvent) => {
    const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    if (event.key !== forward && event.key !== backward) return;
    event.preventDefault();
    event.stopPropagation();
    editor.nudge(operation(nudge(editor.gaps, at, event.key === forward ? 1 : -1, event.shiftKey)));
  };

  const output = side === "start" ? piece.output_start_ms : piece.output_end_ms;
  return (
    <button
      type="button"
      role="slider"
      class={`trim-handle ${side}`}
      aria-label={t(side === "start" ? "startHandle" : "endHandle", { number })}
      aria-description={t("handleHint")}
      aria-valuemin={0}
      aria-valuemax={Math.round(editor.durationMs)}
      aria-valuenow={Math.round(at)}
      aria-valuetext={clock(output, true)}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onBlur={() => editor.settle()}
      onKeyDown={press}
    >
      {snapped.value && <span class="snap-note">{clock(at, true)} · {t(snapped.value === "shot" ? "snapShot" : "snapWord")}</span>}
    </button>
  );
}
