import { describe, expect, it } from "vitest";
import { ApiProblem, type ProblemBody } from "~/api/problem";
import { sourceOf, sumOf } from "./estimate";
import { aspectsOf, errorAt, fieldErrorsOf, isSame, namedLanguages, parseList, parseRanges, parseTime, sparse, spellRanges, toggleAspect, valueAt, withValue } from "./options-model";
import { clock } from "~/i18n";

describe("options", () => {
  it("hold only what differs, also below others", () => {
    const some = withValue({}, "export/sound/denoise", "light");
    expect(some).toEqual({ export: { sound: { denoise: "light" } } });
    expect(valueAt(some, "export/sound/denoise")).toBe("light");
    expect(withValue(some, "export/sound/denoise", undefined)).toEqual({});
    expect(valueAt({}, "export/sound/denoise")).toBeUndefined();
  });

  it("of an answer lose what is as usual", () => {
    const whole = { captions: true, genre: "none", topics: [], language: null, export: {}, max_clip_ms: 60_000 } as const;
    expect(sparse({ ...whole, topics: [] })).toEqual({ max_clip_ms: 60_000 });
    expect(isSame({ ...whole, topics: [] }, { max_clip_ms: 60_000 })).toBe(true);
    expect(isSame({}, { max_clip_ms: 60_000 })).toBe(false);
  });

  it("always have a shape", () => {
    expect(aspectsOf({})).toEqual(["9:16"]);
    const two = toggleAspect({}, "1:1");
    expect(two).toEqual({ aspects: ["9:16", "1:1"] });
    expect(toggleAspect(two, "1:1")).toEqual({});
    expect(toggleAspect({ aspects: ["1:1"] }, "1:1")).toEqual({ aspects: ["1:1"] });
  });

  it("have their errors at their fields, and those of their parts", () => {
    const errors = fieldErrorsOf(
      new ApiProblem({ title: "", status: 422, code: "invalid", errors: [{ pointer: "/options/skip/0/end_ms", detail: "later" }, { pointer: "/options/max_clips", detail: "1 to 50" }] } as unknown as ProblemBody),
    );
    expect(errorAt(errors, "skip")).toBe("later");
    expect(errorAt(errors, "max_clips")).toBe("1 to 50");
    expect(errorAt(errors, "max")).toBeNull();
  });
});

describe("what a person writes", () => {
  it("is read as times and ranges", () => {
    expect(parseTime("1:02:03")).toBe(3_723_000);
    expect(parseTime("2:03,5")).toBe(123_500);
    expect(parseTime("soon")).toBeNull();
    expect(parseTime("1:a")).toBeNull();
    const { ranges, wrong } = parseRanges("0:00 - 1:30\n\n2:00–2:30\n3 to 4");
    expect(wrong).toBeNull();
    expect(ranges).toEqual([{ start_ms: 0, end_ms: 90_000 }, { start_ms: 120_000, end_ms: 150_000 }, { start_ms: 3000, end_ms: 4000 }]);
    expect(parseRanges(spellRanges(ranges, clock)).ranges).toEqual(ranges);
    expect(parseRanges("1:00").wrong).toBe("1:00");
  });

  it("is read as lists", () => {
    expect(parseList(" a, b\nb,, c ")).toEqual(["a", "b", "c"]);
  });

  it("names languages in the reader's own, in its order", () => {
    const german = namedLanguages("de").map((one) => one.name);
    expect(german).toContain("Deutsch");
    expect(german).toEqual([...german].sort((a, b) => a.localeCompare(b, "de")));
  });
});

describe("estimates", () => {
  const range = (expected: number) => ({ expected, low: expected / 2, high: expected * 2 });
  const answer = (money: number | null) => ({ estimate: { media_ms: 60_000, clips: 2, elapsed_ms: range(1000), stages: [], kinds: [], money: money === null ? null : range(money), currency: "EUR", basis: {} }, assumed: [] }) as never;

  it("of several files are their sum", () => {
    const sum = sumOf([answer(1), answer(2)], false);
    expect(sum).toMatchObject({ mediaMs: 120_000, clips: 4, elapsed: { expected: 2000, low: 1000, high: 4000 }, money: { expected: 3 } });
    expect(sumOf([answer(null)], true)).toMatchObject({ money: null, guessed: true });
  });

  it("ask by the length that the browser read, else by the size", () => {
    const file = { name: "a.mp3", size: 5, facts: null } as never;
    expect(sourceOf(file)).toEqual({ size_bytes: 5 });
    expect(sourceOf({ name: "a.mp3", size: 5, facts: { durationMs: 9, widthPx: null, heightPx: null } } as never)).toEqual({ duration_ms: 9, video: false });
    expect(sourceOf({ name: "a.mp4", size: 5, facts: { durationMs: 9, widthPx: 640, heightPx: 360 } } as never)).toEqual({ duration_ms: 9, video: true, width_px: 640, height_px: 360 });
  });
});
