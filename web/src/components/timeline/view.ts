/** What part of the time a timeline shows, and the arithmetic of zooming it. */

/** As close as it gets: 2 ms a pixel. */
const CLOSEST = 2;

export interface View {
  startMs: number;
  msPerPx: number;
}

/** The widest view: everything on `width` pixels. */
export function widest(durationMs: number, width: number): number {
  return Math.max(CLOSEST, durationMs / Math.max(1, width));
}

export function clamped(view: View, durationMs: number, width: number): View {
  const msPerPx = Math.min(widest(durationMs, width), Math.max(CLOSEST, view.msPerPx));
  const last = Math.max(0, durationMs - width * msPerPx);
  return { msPerPx, startMs: Math.min(last, Math.max(0, view.startMs)) };
}

/** Zoom by a factor (2: twice as close) so that what is under `x` stays there. */
export function zoomed(view: View, factor: number, x: number, durationMs: number, width: number): View {
  const under = view.startMs + x * view.msPerPx;
  const msPerPx = Math.min(widest(durationMs, width), Math.max(CLOSEST, view.msPerPx / factor));
  return clamped({ msPerPx, startMs: under - x * msPerPx }, durationMs, width);
}

const STEPS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000];

/** The step of the ruler whose labels stand at least `room` pixels apart. */
export function rulerStep(msPerPx: number, room = 84): number {
  return STEPS.find((step) => step / msPerPx >= room) ?? STEPS.at(-1)!;
}

interface Placed {
  startMs: number;
  endMs: number;
}

/** A row for each range, so that none lies on another; the last row takes what finds no room. Ranges keep their order. */
export function packed(ranges: readonly Placed[], rows: number): number[] {
  const ends = new Array<number>(rows).fill(-1);
  const place = new Array<number>(ranges.length).fill(0);
  for (const at of ranges.map((_, index) => index).sort((one, two) => ranges[one]!.startMs - ranges[two]!.startMs)) {
    const range = ranges[at]!;
    const free = ends.findIndex((end) => end <= range.startMs);
    const row = free < 0 ? rows - 1 : free;
    place[at] = row;
    ends[row] = Math.max(ends[row]!, range.endMs);
  }
  return place;
}

/** First range that ends after `ms`, of ranges in order of time. */
export function firstAfter(ranges: readonly Placed[], ms: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.endMs > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}
