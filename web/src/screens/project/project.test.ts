import { describe, expect, it } from "vitest";
import { newestOfShapes } from "./clips/card";
import type { Moment, Project } from "./data";
import { layGraph } from "./knowledge/layout";
import { bordersOf, fitting, snapTo } from "./timeline/lanes";
import { marked } from "./timeline/marks";
import { leftMs } from "./progress";

describe("a range that is marked", () => {
  it("begins at I and ends at O, within three seconds and three minutes", () => {
    expect(marked(null, "start", 10_000, 100_000)).toEqual({ startMs: 10_000, endMs: 40_000 });
    expect(marked({ startMs: 10_000, endMs: 40_000 }, "end", 20_000, 100_000)).toEqual({ startMs: 10_000, endMs: 20_000 });
    expect(marked({ startMs: 10_000, endMs: 40_000 }, "end", 11_000, 100_000)).toEqual({ startMs: 0, endMs: 11_000 });
    expect(marked(null, "start", 99_500, 100_000)).toEqual({ startMs: 97_000, endMs: 100_000 });
    expect(marked({ startMs: 0, endMs: 9_000 }, "end", 400_000, 500_000)).toEqual({ startMs: 220_000, endMs: 400_000 });
  });
  it("snaps to what is near, and only to that", () => {
    const borders = bordersOf({ words: [{ start_ms: 1_000, end_ms: 1_400 }, { start_ms: 2_000, end_ms: 2_500 }] } as never, { shots: [{ start_ms: 1_550, end_ms: 9_000 }] } as never);
    expect(snapTo(borders, 1_480)).toBe(1_550);
    expect(snapTo(borders, 2_520)).toBe(2_500);
    expect(snapTo(borders, 4_000)).toBe(4_000);
  });
});

describe("lanes", () => {
  it("show the chosen moments and the best of those that find room", () => {
    const moment = (id: string, start: number, end: number, score: number, selected = false) => ({ id, range: { start_ms: start, end_ms: end }, score, selected }) as Moment;
    const shown = fitting([moment("a", 0, 10, 50), moment("b", 5, 15, 90), moment("c", 8, 20, 40, true), moment("d", 20, 30, 10)], 2);
    expect(shown.map((one) => one.id).sort()).toEqual(["b", "c", "d"]);
  });
});

describe("clips", () => {
  it("show the newest file of each shape", () => {
    const file = (number: number, aspect: string) => ({ number, aspect, export_id: `${number}` }) as never;
    expect(newestOfShapes([file(1, "9:16"), file(2, "1:1"), file(3, "9:16")]).map((one) => one.export_id)).toEqual(["3", "2"]);
  });
});

describe("progress", () => {
  it("tells the time left while the estimate lasts", () => {
    const project = { started_at: "2026-03-01T12:00:00Z", cost: { estimate: { elapsed_ms: { expected: 60_000 } } } } as Project;
    const began = Date.parse("2026-03-01T12:00:00Z");
    expect(leftMs(project, began + 20_000)).toBe(40_000);
    expect(leftMs(project, began + 59_000)).toBeNull();
  });
});

describe("the graph", () => {
  it("keeps every name inside and the same names in the same place", () => {
    const names = ["a", "b", "c", "d"];
    const links = [{ from: 0, to: 1 }, { from: 1, to: 2 }];
    const nodes = layGraph(names, links, 640, 340);
    expect(nodes.every((node) => node.x >= 0 && node.x <= 640 && node.y >= 0 && node.y <= 340)).toBe(true);
    expect(layGraph(names, links, 640, 340)).toEqual(nodes);
  });
});
