/** What the pointer does on a timeline: scrub on the ruler, select by a drag on the waveform, move a handle, click to jump. */
import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { RULER, type LaneBox } from "./draw";
import { limited } from "./selection";
import type { Range, TimelineProps } from "./types";
import type { TimelineView } from "./use-view";

const NEAR_PX = 7;
const MOVED_PX = 4;

type Drag = { kind: "scrub" } | { kind: "select"; fromMs: number; x: number; moved: boolean } | { kind: "end"; end: "startMs" | "endMs" };

export interface Pointer {
  onPointerDown: (event: PointerEvent) => void;
  onPointerMove: (event: PointerEvent) => void;
  onPointerUp: (event: PointerEvent) => void;
  onPointerLeave: () => void;
}

export function usePointer(props: TimelineProps, view: TimelineView, boxes: LaneBox[], wavePx: number, hoverMs: Signal<number | null>): Pointer {
  const drag = useRef<Drag | null>(null);
  const latest = useRef<Range | null>(null);
  const { durationMs, selection = null, onSelect, onSelected, onSeek, onChoose } = props;

  const place = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const x = event.clientX - box.left;
    return { x, y: event.clientY - box.top, ms: Math.min(durationMs, Math.max(0, x * view.msPerPx.peek())) };
  };
  const select = (range: Range) => {
    latest.current = range;
    onSelect?.(range);
  };

  return {
    onPointerDown: (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || (event.target as Element).closest("button")) return;
      const { x, y, ms } = place(event);
      const near = onSelect && selection && (["startMs", "endMs"] as const).find((end) => Math.abs(selection[end] / view.msPerPx.peek() - x) <= NEAR_PX);
      if (near) drag.current = { kind: "end", end: near };
      else if (y <= RULER || !onSelect) drag.current = { kind: "scrub" };
      else if (y <= RULER + wavePx) drag.current = { kind: "select", fromMs: ms, x, moved: false };
      else return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      if (drag.current.kind === "scrub") onSeek(ms);
    },
    onPointerMove: (event) => {
      const { x, ms } = place(event);
      hoverMs.value = ms;
      const now = drag.current;
      if (now?.kind === "scrub") onSeek(ms);
      if (now?.kind === "end" && selection) select(limited({ ...selection, [now.end]: props.snap?.(ms) ?? ms }, now.end, props));
      if (now?.kind !== "select") return;
      now.moved ||= Math.abs(x - now.x) > MOVED_PX;
      if (!now.moved) return;
      const end = ms < now.fromMs ? "startMs" : "endMs";
      const snap = props.snap ?? ((one: number) => one);
      select(limited({ startMs: snap(Math.min(ms, now.fromMs)), endMs: snap(Math.max(ms, now.fromMs)) }, end, props));
    },
    onPointerUp: (event) => {
      const { y, ms } = place(event);
      const now = drag.current;
      drag.current = null;
      if (now?.kind === "end" || (now?.kind === "select" && now.moved)) {
        if (latest.current) onSelected?.(latest.current);
        return;
      }
      if (now?.kind === "scrub" || (event.target as Element).closest("button")) return;
      const box = boxes.find((one) => y >= one.top && y < one.top + one.height);
      const row = box ? Math.floor((y - box.top) / box.rowHeight) : 0;
      const at = box ? box.lane.ranges.findIndex((range, index) => ms >= range.startMs && ms < range.endMs && (box.rows[index] ?? 0) === row) : -1;
      if (box && at >= 0 && onChoose) onChoose(box.lane.id, box.lane.ranges[at]!);
      else onSeek(ms);
    },
    onPointerLeave: () => {
      hoverMs.value = null;
    },
  };
}
