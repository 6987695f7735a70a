/** The ranges as real buttons above the canvas: one stop of the Tab key a lane, arrows walk from range to range. */
import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { clock as clockText } from "~/i18n";
import type { LaneBox } from "./draw";
import { t } from "./messages";
import type { LaneRange } from "./types";
import type { TimelineView } from "./use-view";

/** More than these at once are drawn only; the focused one and its neighbours stay buttons. */
const MOST = 60;

interface Props {
  box: LaneBox;
  view: TimelineView;
  ms: { peek: () => number };
  onChoose: ((lane: string, range: LaneRange) => void) | undefined;
}

export function LaneButtons({ box, view, ms, onChoose }: Props) {
  const { lane } = box;
  const group = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<number | null>(null);
  const wanted = useRef(false);
  // Half-screens, so that a scroll does not make the buttons anew at each pixel.
  const part = useComputed(() => Math.floor(view.startMs.value / Math.max(1, (view.width.value * view.msPerPx.value) / 2)));
  const msPerPx = view.msPerPx.value;
  const half = (view.width.value * msPerPx) / 2;
  const from = (part.value - 1) * half;
  const to = (part.value + 4) * half;

  const shown: number[] = [];
  lane.ranges.forEach((range, at) => {
    if (range.endMs >= from && range.startMs <= to) shown.push(at);
  });
  const here = nearest(lane.ranges, ms.peek());
  const stop = focused !== null && focused < lane.ranges.length ? focused : here;
  const listed = shown.length <= MOST ? shown : shown.filter((at) => Math.abs(at - stop) <= 1);
  if (lane.ranges.length > 0 && !listed.includes(stop)) listed.push(stop);

  useLayoutEffect(() => {
    if (!wanted.current) return;
    wanted.current = false;
    group.current?.querySelector<HTMLElement>(`[data-at="${focused}"]`)?.focus({ preventScroll: true });
  }, [focused]);

  const walk = (event: KeyboardEvent) => {
    const next = { ArrowRight: stop + 1, ArrowLeft: stop - 1, Home: 0, End: lane.ranges.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const at = Math.min(lane.ranges.length - 1, Math.max(0, next));
    const range = lane.ranges[at];
    if (!range) return;
    view.reveal(range.startMs, range.endMs);
    wanted.current = true;
    setFocused(at);
  };

  return (
    <div ref={group} role="group" aria-label={lane.label} onKeyDown={walk}>
      {listed.map((at) => {
        const range = lane.ranges[at]!;
        const top = box.top + (box.rows[at] ?? 0) * box.rowHeight;
        const label = t("rangeIn", { lane: lane.label, label: range.label, from: clockText(range.startMs), to: clockText(range.endMs) });
        return (
          <button
            key={range.id}
            type="button"
            class="timeline-range"
            data-at={at}
            tabIndex={at === stop ? 0 : -1}
            aria-label={label}
            title={range.label}
            style={{
              left: `${range.startMs / msPerPx}px`,
              top: `${top}px`,
              width: `${Math.max(4, (range.endMs - range.startMs) / msPerPx)}px`,
              height: `${box.rowHeight - 2}px`,
            }}
            onFocus={() => setFocused(at)}
            onClick={() => onChoose?.(lane.id, range)}
          />
        );
      })}
    </div>
  );
}

/** The range at a place, or the one before it. */
function nearest(ranges: readonly LaneRange[], ms: number): number {
  let best = 0;
  for (let at = 0; at < ranges.length; at += 1) {
    if (ranges[at]!.startMs <= ms && ranges[at]!.startMs >= ranges[best]!.startMs) best = at;
  }
  return best;
}
