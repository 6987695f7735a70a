import { describe, expect, it } from "vitest";
import { columns, decodePeaks } from "./peaks";
import { limited } from "./selection";
import { clamped, firstAfter, packed, rulerStep, widest, zoomed } from "./view";

describe("peaks as columns", () => {
  const peaks = decodePeaks({ start_ms: 0, per_second: 10, peaks: btoa(String.fromCharCode(...Array.from({ length: 10 }, (_, at) => at * 20))) });

  it("keeps the loudest of what falls on one pixel", () => {
    expect([...columns(peaks, 0, 500, 2)]).toEqual([80, 180]);
  });
  it("repeats a peak that is wider than a pixel, and is silent outside", () => {
    expect([...columns(peaks, 800, 50, 6)]).toEqual([160, 160, 180, 180, 0, 0]);
    expect([...columns(peaks, -200, 100, 3)]).toEqual([0, 0, 0]);
  });
});

describe("the view", () => {
  it("keeps what is under the pointer while zooming, and stays inside", () => {
    const hour = 3_600_000;
    const whole = { startMs: 0, msPerPx: widest(hour, 1_000) };
    const close = zoomed(whole, 4, 500, hour, 1_000);
    expect(close.startMs + 500 * close.msPerPx).toBeCloseTo(1_800_000);
    expect(clamped({ startMs: -5, msPerPx: 1e9 }, hour, 1_000)).toEqual(whole);
    expect(zoomed(close, 1e9, 0, hour, 1_000).msPerPx).toBe(2);
  });
  it("labels the ruler with room between", () => {
    expect(rulerStep(3_600)).toBe(600_000);
    expect(rulerStep(2)).toBe(200);
  });
  it("packs ranges that overlap into rows", () => {
    const ranges = [{ startMs: 0, endMs: 10 }, { startMs: 5, endMs: 20 }, { startMs: 10, endMs: 15 }, { startMs: 6, endMs: 9 }];
    expect(packed(ranges, 2)).toEqual([0, 1, 0, 1]);
    expect(firstAfter(ranges.slice(0, 1), 10)).toBe(1);
  });
});

describe("a selection", () => {
  const bounds = { durationMs: 100_000, shortestMs: 3_000, longestMs: 20_000 };
  it("gives way at the end that is moved", () => {
    expect(limited({ startMs: 10_000, endMs: 11_000 }, "endMs", bounds)).toEqual({ startMs: 10_000, endMs: 13_000 });
    expect(limited({ startMs: 10_000, endMs: 90_000 }, "startMs", bounds)).toEqual({ startMs: 70_000, endMs: 90_000 });
    expect(limited({ startMs: 99_500, endMs: 99_900 }, "endMs", bounds)).toEqual({ startMs: 97_000, endMs: 100_000 });
  });
});
