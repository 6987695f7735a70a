/** Sliders for the place and for both ends of the selection: seen as outlines when they have the focus. */
import { useComputed, type ReadonlySignal } from "@preact/signals";
import { clock as clockText, duration } from "~/i18n";
import { t } from "./messages";
import type { Range, TimelineProps } from "./types";
import type { TimelineView } from "./use-view";

const STEP_MS = 40;
const LONG_STEP_MS = 1_000;

export function PlaceSlider({ ms, durationMs, onSeek, view }: { ms: ReadonlySignal<number>; durationMs: number; onSeek: (ms: number) => void; view: TimelineView }) {
  const at = useComputed(() => Math.floor(ms.value / 100) * 100).value;
  return (
    <Slider
      label={t("place")}
      value={at}
      max={durationMs}
      x={at / (view.msPerPx.value || 1)}
      text={t("placeOf", { at: clockText(at, true), length: clockText(durationMs) })}
      step={LONG_STEP_MS}
      onMove={onSeek}
    />
  );
}

export function SelectionSliders({ selection, view, durationMs, onMove, onSelect }: {
  selection: Range;
  view: TimelineView;
  durationMs: number;
  onMove: (end: "startMs" | "endMs", ms: number) => void;
  onSelect: TimelineProps["onSelect"];
}) {
  const text = t("range", { from: clockText(selection.startMs, true), to: clockText(selection.endMs, true), length: duration(selection.endMs - selection.startMs) });
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onSelect?.(null);
  };
  return (
    <div role="group" aria-label={text} onKeyDown={leave}>
      {(["startMs", "endMs"] as const).map((end) => (
        <Slider
          key={end}
          label={t(end === "startMs" ? "start" : "end")}
          value={selection[end]}
          max={durationMs}
          x={selection[end] / (view.msPerPx.value || 1)}
          text={`${clockText(selection[end], true)}, ${text}`}
          step={STEP_MS}
          onMove={(ms) => onMove(end, ms)}
        />
      ))}
    </div>
  );
}

function Slider({ label, value, max, x, text, step, onMove }: { label: string; value: number; max: number; x: number; text: string; step: number; onMove: (ms: number) => void }) {
  const press = (event: KeyboardEvent) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onMove(Math.min(max, Math.max(0, value + way * (event.shiftKey ? LONG_STEP_MS * (step === LONG_STEP_MS ? 5 : 1) : step))));
  };
  return (
    <span class="timeline-handle" style={{ left: `${x - 7}px` }}>
      <input type="range" min={0} max={max} step={1} value={value} aria-label={label} aria-valuetext={text} onKeyDown={press} onInput={(event) => onMove(Number(event.currentTarget.value))} />
    </span>
  );
}
