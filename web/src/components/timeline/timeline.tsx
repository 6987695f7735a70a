/** Waveform and lanes of a video, with its place, a selection and a zoom. */
import { effect, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { IconButton } from "~/components/button";
import { isTyping } from "~/components/player";
import { clock as clockText } from "~/i18n";
import { useColours } from "./colours";
import { RULER, layLanes } from "./draw";
import { PlaceSlider, SelectionSliders } from "./handles";
import { LaneButtons } from "./lane-buttons";
import { t } from "./messages";
import { limited } from "./selection";
import type { TimelineProps } from "./types";
import { useDrawing } from "./use-drawing";
import { usePointer } from "./use-pointer";
import { useView, type TimelineView } from "./use-view";
import "./timeline.css";

const WAVE = 56;
const CLOSER = 1.6;
const LET_BE_MS = 4_000;

export function Timeline(props: TimelineProps) {
  const { durationMs, clock, peaks, lanes, selection = null, onSelect, onSelected, onSeek, onChoose, label, tools, waveHeight = WAVE, keys = true } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const space = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const hoverMs = useSignal<number | null>(null);
  const view = useView(durationMs, scroller, space);
  const colours = useColours();
  const { boxes, height } = useMemo(() => layLanes(lanes, waveHeight), [lanes, waveHeight]);
  useDrawing(base, over, { view, durationMs, waveHeight, peaks, boxes, height, colours, selection, hoverMs, ms: clock.ms });
  useZoomKeys(view, clock, keys);
  const touchedAt = useFollowing(view, clock, scroller);
  useWheel(view, scroller, touchedAt);
  const pointer = usePointer(props, view, boxes, waveHeight, hoverMs);

  const moveEnd = (end: "startMs" | "endMs", ms: number) => {
    if (!selection) return;
    const range = limited({ ...selection, [end]: ms }, end, props);
    onSelect?.(range);
    onSelected?.(range);
  };
  return (
    <section class="timeline" aria-label={label}>
      <div class="timeline-head">
        {tools}
        <span class="spread" />
        <Hover ms={hoverMs} />
        <IconButton small label={t("zoomOut")} icon="zoomOut" aria-keyshortcuts="-" onClick={() => view.zoom(1 / CLOSER, clock.ms.peek())} />
        <IconButton small label={t("zoomIn")} icon="zoomIn" aria-keyshortcuts="+" onClick={() => view.zoom(CLOSER, clock.ms.peek())} />
        <IconButton small label={t("zoomAll")} icon="fit" aria-keyshortcuts="0" onClick={() => view.all()} />
      </div>
      <div class="timeline-body" dir="ltr">
        <ul class="timeline-names plain" aria-hidden="true" style={{ height: `${height}px` }}>
          <li style={{ top: `${RULER}px`, height: `${waveHeight}px` }}>{peaks && peaks.values.length === 0 ? t("noSound") : t("sound")}</li>
          {boxes.map((box) => <li key={box.lane.id} style={{ top: `${box.top}px`, height: `${box.height - 2}px` }}>{box.lane.label}</li>)}
        </ul>
        <div class="timeline-scroll" ref={scroller} tabIndex={0} role="region" aria-label={t("scroll", { label })}>
          <div class={`timeline-space${onSelect ? " selects" : ""}`} ref={space} style={{ height: `${height}px`, "--timeline-height": `${height}px` }} {...pointer}>
            <canvas ref={base} aria-hidden="true" />
            <canvas ref={over} aria-hidden="true" />
            <PlaceSlider ms={clock.ms} durationMs={durationMs} onSeek={onSeek} view={view} />
            {selection && onSelect && <SelectionSliders selection={selection} view={view} durationMs={durationMs} onMove={moveEnd} onSelect={onSelect} />}
            {view.msPerPx.value > 0 && boxes.map((box) => <LaneButtons key={box.lane.id} box={box} view={view} ms={clock.ms} onChoose={onChoose} />)}
          </div>
        </div>
      </div>
    </section>
  );
}

function Hover({ ms }: { ms: { value: number | null } }) {
  return <span class="timeline-hover" aria-hidden="true">{ms.value === null ? "" : clockText(ms.value, true)}</span>;
}

function useZoomKeys(view: TimelineView, clock: TimelineProps["clock"], keys: boolean): void {
  useEffect(() => {
    if (!keys) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "+" || event.key === "=") view.zoom(CLOSER, clock.ms.peek());
      else if (event.key === "-") view.zoom(1 / CLOSER, clock.ms.peek());
      else if (event.key === "0") view.all();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [view, clock, keys]);
}

/** The playhead stays in view when it moves, unless a person has just scrolled elsewhere. */
function useFollowing(view: TimelineView, clock: TimelineProps["clock"], scroller: { current: HTMLElement | null }) {
  const touchedAt = useRef(-LET_BE_MS);
  useEffect(() => {
    const touched = () => {
      touchedAt.current = performance.now();
    };
    const box = scroller.current;
    for (const name of ["pointerdown", "keydown", "touchmove"]) box?.addEventListener(name, touched, { passive: true });
    const end = effect(() => {
      const ms = clock.ms.value;
      if (performance.now() - touchedAt.current < LET_BE_MS) return;
      view.reveal(ms);
    });
    return () => {
      end();
      for (const name of ["pointerdown", "keydown", "touchmove"]) box?.removeEventListener(name, touched);
    };
  }, [view, clock, scroller]);
  return touchedAt;
}

/** Ctrl and the wheel zoom about the pointer; the wheel with Shift scrolls, as the browser does it. */
function useWheel(view: TimelineView, scroller: { current: HTMLElement | null }, touchedAt: { current: number }): void {
  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const turn = (event: WheelEvent) => {
      touchedAt.current = performance.now();
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const x = event.clientX - box.getBoundingClientRect().left;
      const { startMs, msPerPx } = view.peek();
      view.zoom(Math.exp(-event.deltaY / 300), startMs + x * msPerPx);
    };
    box.addEventListener("wheel", turn, { passive: false });
    return () => box.removeEventListener("wheel", turn);
  }, [view, scroller, touchedAt]);
}
