/** The waveform's numbers: decoded peaks, and the columns that a width of pixels shows of them. */
import type { Schemas } from "~/api/client";

export interface Peaks {
  startMs: number;
  perSecond: number;
  /** One byte a peak: 255 is the loudest of the file. */
  values: Uint8Array;
}

/** The peaks of `GET /v1/projects/{id}/waveform`. */
export function decodePeaks(answer: Pick<Schemas["WaveformPeaks"], "start_ms" | "per_second" | "peaks">): Peaks {
  const text = atob(answer.peaks);
  const values = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) values[at] = text.charCodeAt(at);
  return { startMs: answer.start_ms, perSecond: answer.per_second, values };
}

/**
 * The loudest peak (0–255) of each pixel column from `fromMs` on. A column narrower than a peak repeats it, so that the
 * drawing never has holes; outside the peaks it is 0.
 */
export function columns(peaks: Peaks, fromMs: number, msPerPx: number, width: number, into = new Uint8Array(width)): Uint8Array {
  const perMs = peaks.perSecond / 1000;
  const { values } = peaks;
  let at = (fromMs - peaks.startMs) * perMs;
  const step = msPerPx * perMs;
  for (let x = 0; x < width; x += 1) {
    const first = Math.floor(at);
    const end = Math.max(first + 1, Math.floor(at + step));
    let most = 0;
    for (let one = Math.max(0, first); one < end && one < values.length; one += 1) if (values[one]! > most) most = values[one]!;
    into[x] = most;
    at += step;
  }
  return into;
}
