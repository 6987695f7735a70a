/** The clip's segments one after the other: playhead, and handles of the chosen segment that snap to words and shots. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "~/components/button";
import { clock } from "~/i18n";
import type { Editor } from "../model/editor";
import type { Wave } from "../model/load";
import { t } from "../messages";
import { TrimHandle } from "./trim-handle";
import { WaveCanvas } from "./wave-canvas";

export const MOST_ZOOM = 16;

export function Timeline({ editor, wave, canEdit }: { editor: Editor; wave: Wave | null; canEdit: boolean }) {
  const scroller = useRef<HTMLDivElement>(null);
  const track = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const { player } = editor;
  const edit = editor.edit.value;
  const length = Math.max(1, edit.length_ms);
  const share = (ms: number) => `${(ms / length) * 100}%`;
  const chosen = editor.segmentId.value ?? (edit.segments.length === 1 ? edit.segments[0]!.segment_id : null);
  const was = editor.saver.shown.value.length_ms;

  useEffect(() => effect(() => {
    const at = player.outputMs.value;
    const line = head.current;
    if (!line) return;
    line.style.insetInlineStart = `${(at / Math.max(1, editor.edit.value.length_ms)) * 100}%`;
    const box = scroller.current;
    if (box && editor.zoom.value > 1) requestAnimationFrame(() => keepInView(box, at / Math.max(1, editor.edit.peek().length_ms)));
  }), [editor]);

  const seekTo = (event: PointerEvent) => {
    const box = track.current?.getBoundingClientRect();
    if (!box) return;
    const along = document.documentElement.dir === "rtl" ? box.right - event.clientX : event.clientX - box.left;
    player.seek((along / box.width) * length);
  };

  return (
    <section class="clip-timeline" aria-label={t("timeline")}>
      <div class="timeline-tools">
        {canEdit && (
          <>
            <Button small icon="left" onClick={() => editor.bound("in")} aria-keyshortcuts="I">{t("setIn")}</Button>
            <Button small icon="right" onClick={() => editor.bound("out")} aria-keyshortcuts="O">{t("setOut")}</Button>
            <Button small icon="scissors" onClick={() => editor.split()} aria-keyshortcuts="S">{t("split")}</Button>
          </>
        )}
        <span class="spread" />
        <span class="timeline-length" role="status">
          <span class="visually-hidden">{t("clipLength")} </span>
          <strong>{clock(edit.length_ms, true)}</strong>
          {editor.draft.value && Math.abs(was - edit.length_ms) > 1 && <small> {t("wasLength", { length: clock(was, true) })}</small>}
        </span>
        <Button small kind="quiet" class="icon-only" aria-label={t("zoomOut")} title={t("zoomOut")} aria-keyshortcuts="-" disabled={editor.zoom.value <= 1} onClick={() => zoomBy(editor, 0.5)}>−</Button>
        <Button small kind="quiet" disabled={editor.zoom.value === 1} aria-keyshortcuts="0" onClick={() => (editor.zoom.value = 1)}>{t("zoomAll")}</Button>
        <Button small kind="quiet" class="icon-only" aria-label={t("zoomIn")} title={t("zoomIn")} aria-keyshortcuts="+" disabled={editor.zoom.value >= MOST_ZOOM} onClick={() => zoomBy(editor, 2)}>+</Button>
      </div>
      <div class="timeline-scroller" ref={scroller} tabIndex={-1}>
        <div
          class="timeline-track"
          ref={track}
          style={{ inlineSize: `${editor.zoom.value * 100}%` }}
          onPointerDown={(event) => {
            if ((event.target as Element).closest(".trim-handle")) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            seekTo(event);
          }}
          onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && !(event.target as Element).closest(".trim-handle") && seekTo(event)}
        >
          {wave && <WaveCanvas editor={editor} wave={wave} />}
          {edit.segments.map((piece, index) => (
            <div
              key={piece.segment_id}
              class={`timeline-piece${piece.segment_id === chosen ? " chosen" : ""}${piece.muted ? " muted" : ""}`}
              style={{ insetInlineStart: share(piece.output_start_ms), inlineSize: share(piece.output_end_ms - piece.output_start_ms) }}
              title={t("segmentLabel", { number: index + 1, start: clock(piece.output_start_ms, true), end: clock(piece.output_end_ms, true) })}
              onPointerDown={() => (editor.segmentId.value = piece.segment_id)}
            >
              <span class="piece-number" aria-hidden="true">{index + 1}</span>
              {canEdit && piece.segment_id === chosen && (
                <>
                  <TrimHandle editor={editor} piece={piece} number={index + 1} side="start" trackWidth={() => track.current?.getBoundingClientRect().width ?? 1} />
                  <TrimHandle editor={editor} piece={piece} number={index + 1} side="end" trackWidth={() => track.current?.getBoundingClientRect().width ?? 1} />
                </>
              )}
            </div>
          ))}
          <div class="trim-head" ref={head} aria-hidden="true" />
        </div>
      </div>
      <Position editor={editor} />
    </section>
  );
}

/** Scroll to the playhead where it has left the view; from right to left, offsets count below 0. */
function keepInView(box: HTMLElement, share: number): void {
  const sign = document.documentElement.dir === "rtl" ? -1 : 1;
  const x = share * box.scrollWidth;
  const from = sign * box.scrollLeft;
  if (x < from || x > from + box.clientWidth - 40) box.scrollLeft = sign * (x - 60);
}

export function zoomBy(editor: Editor, factor: number): void {
  editor.zoom.value = Math.min(MOST_ZOOM, Math.max(1, editor.zoom.value * factor));
}

/** The position as a slider, for who does not point. */
function Position({ editor }: { editor: Editor }) {
  const { player } = editor;
  const length = editor.edit.value.length_ms;
  const at = Math.floor(player.outputMs.value / 100) * 100;
  return (
    <input
      class="position"
      type="range"
      min={0}
      max={Math.round(length)}
      step={40}
      value={at}
      aria-label={t("position")}
      aria-valuetext={t("positionOf", { at: clock(at, true), length: clock(length, true) })}
      onInput={(event) => player.seek(event.currentTarget.valueAsNumber)}
    />
  );
}
