/**
 * Where a cut may fall: in the gaps between words. The same rule as the server's, so that a handle rests where it will stay.
 */
import type { Word } from "./clock";

const MARGIN_MS = 60;
const PAUSE_MS = 2 * MARGIN_MS;
const WORTH_MS = 400;

export interface Gap {
  startMs: number;
  endMs: number;
  /** A cut may lie from here … */
  lowMs: number;
  /** … to here. */
  highMs: number;
}

interface Range {
  start: number;
  end: number;
}

function busyRanges(words: readonly Word[], durationMs: number): Range[] {
  const busy: Range[] = [];
  const ordered = [...words].sort((a, b) => a.start_ms - b.start_ms || a.end_ms - b.end_ms);
  for (const word of ordered) {
    const start = Math.max(0, word.start_ms);
    const end = Math.min(word.end_ms, durationMs);
    if (end <= start) continue;
    const last = busy.at(-1);
    if (last && start < last.end) last.end = Math.max(end, last.end);
    else busy.push({ start, end });
  }
  return busy;
}

export class Gaps {
  readonly gaps: Gap[];

  constructor(words: readonly Word[], durationMs: number) {
    const busy = busyRanges(words, durationMs);
    const first = busy[0];
    const last = busy.at(-1);
    if (!first || !last) {
      this.gaps = [{ startMs: 0, endMs: durationMs, lowMs: 0, highMs: durationMs }];
      return;
    }
    const inner = busy.slice(1).map((range, at) => innerGap(busy[at]!.end, range.start));
    this.gaps = [
      { startMs: 0, endMs: first.start, lowMs: 0, highMs: Math.max(0, first.start - MARGIN_MS) },
      ...inner,
      { startMs: last.end, endMs: durationMs, lowMs: Math.min(last.end + MARGIN_MS, durationMs), highMs: durationMs },
    ];
  }

  /** The best moment near `atMs` for a cut: near it, and rather in a pause. */
  nearest(atMs: number): number {
    let best: { cost: number; tight: number; at: number } | null = null;
    for (const [number, gap] of this.gaps.entries()) {
      const at = Math.round(Math.min(Math.max(atMs, gap.lowMs), gap.highMs));
      const isOuter = number === 0 || number === this.gaps.length - 1;
      const tight = isOuter ? 0 : Math.floor((WORTH_MS * Math.max(0, PAUSE_MS - (gap.endMs - gap.startMs))) / PAUSE_MS);
      const cost = Math.abs(at - atMs) + tight;
      if (!best || cost < best.cost || (cost === best.cost && (tight < best.tight || (tight === best.tight && at < best.at)))) {
        best = { cost, tight, at };
      }
    }
    return best?.at ?? atMs;
  }

  /** The next place for a cut beyond a word, forwards or backwards; null at the ends. */
  step(atMs: number, direction: 1 | -1): number | null {
    const places = this.gaps.map((gap) => (direction > 0 ? gap.lowMs : gap.highMs));
    const beyond = places.filter((place) => (direction > 0 ? place > atMs : place < atMs));
    if (beyond.length === 0) return null;
    return direction > 0 ? Math.min(...beyond) : Math.max(...beyond);
  }

  /** The range that removes the words between two times and keeps the longer of the pauses around them. */
  around(startMs: number, endMs: number): { start_ms: number; end_ms: number } {
    const before = this.gaps.filter((gap) => gap.endMs <= startMs).at(-1) ?? this.gaps[0]!;
    const after = this.gaps.find((gap) => gap.startMs >= endMs) ?? this.gaps.at(-1)!;
    if (before.endMs - before.startMs >= after.endMs - after.startMs) return { start_ms: before.highMs, end_ms: after.highMs };
    return { start_ms: before.lowMs, end_ms: after.lowMs };
  }
}

function innerGap(startMs: number, endMs: number): Gap {
  const margin = Math.min(MARGIN_MS, Math.floor((endMs - startMs) / 2));
  return { startMs, endMs, lowMs: startMs + margin, highMs: Math.max(startMs + margin, endMs - margin) };
}

const FRAME_MS = 1000 / 25;

/**
 * Where a handle goes by one arrow: a frame, or to the next word with `byWord`. Inside words no cut can lie, so a frame
 * that would fall back onto the handle's place goes on to the next gap.
 */
export function nudge(gaps: Gaps, atMs: number, direction: 1 | -1, byWord: boolean): number {
  if (!byWord) {
    const to = gaps.nearest(atMs + direction * FRAME_MS);
    if ((to - atMs) * direction > 0) return to;
  }
  return gaps.step(atMs, direction) ?? atMs;
}

/** A dragged handle: at a shot's start where one is near and no word is cut by it, else where the server will put it. */
export function snap(gaps: Gaps, atMs: number, shots: readonly number[], reachMs: number): { atMs: number; to: "shot" | "word" } {
  const shot = shots.filter((one) => Math.abs(one - atMs) <= reachMs).sort((a, b) => Math.abs(a - atMs) - Math.abs(b - atMs))[0];
  if (shot !== undefined && gaps.nearest(shot) === shot) return { atMs: shot, to: "shot" };
  return { atMs: gaps.nearest(atMs), to: "word" };
}
