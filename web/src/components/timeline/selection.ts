/** Keeps a selection inside the video and within the lengths that are allowed. */
import type { Range } from "./types";

interface Bounds {
  durationMs: number;
  shortestMs?: number;
  longestMs?: number;
}

/** `moved`: the end that a person moves; it gives way, the other one stays where it can. */
export function limited(range: Range, moved: "startMs" | "endMs", { durationMs, shortestMs = 0, longestMs = Infinity }: Bounds): Range {
  let { startMs, endMs } = range;
  if (moved === "startMs") startMs = Math.min(endMs - shortestMs, Math.max(endMs - longestMs, startMs));
  else endMs = Math.max(startMs + shortestMs, Math.min(startMs + longestMs, endMs));
  if (endMs > durationMs) {
    endMs = durationMs;
    startMs = Math.min(startMs, durationMs - shortestMs);
  }
  if (startMs < 0) {
    startMs = 0;
    endMs = Math.max(endMs, Math.min(durationMs, shortestMs));
  }
  return { startMs: Math.round(startMs), endMs: Math.round(endMs) };
}
