import { describe, expect, it } from "vitest";
import { countFiles, firstWish, fitOf, optionsOf, shapesOf } from "./form";
import { toldProgress } from "./progress";

describe("progress of a file", () => {
  const asked = 1_000_000;
  const told = (usualMs: number | null, afterMs: number, askedAt: number | null = asked) => toldProgress({ stage: "rendering", askedAt, usualMs }, asked + afterMs);

  it("says about how far it is where files like it tell", () => {
    expect(told(40_000, 10_000)).toEqual({ text: "Being rendered, then measured · 10 sec of about 40 sec", percent: 25 });
    expect(told(40_000, 39_900).percent).toBe(95);
  });

  it("shows no share where it would be made up", () => {
    expect(told(null, 10_000)).toEqual({ text: "Being rendered, then measured · 10 sec so far", percent: null });
    expect(told(40_000, 70_000)).toEqual({ text: "Being rendered, then measured · 1 min 10 sec so far, longer than the usual 40 sec", percent: null });
    expect(told(40_000, 0, null).percent).toBeNull();
  });
});

describe("a wish for files", () => {
  it("is one request for each platform, with what the form does not ask", () => {
    const wish = { ...firstWish("9:16"), platforms: ["tiktok", "reels"] as never, aspects: ["9:16", "1:1"] as never };
    expect(countFiles(wish)).toBe(4);
    const options = optionsOf(wish, { sound: { target_lufs: -16 }, preset: "x" } as never);
    expect(options.map((one) => one.preset)).toEqual(["tiktok", "reels"]);
    expect(options[0]).toMatchObject({ sound: { target_lufs: -16 }, video: { quality: "good" }, file: { container: "mp4" } });
    expect(optionsOf(firstWish("1:1"), { preset: "x" })[0]).not.toHaveProperty("preset");
  });

  it("makes sound once", () => {
    expect(shapesOf({ ...firstWish("9:16"), aspects: ["9:16", "1:1"], container: "mp3" })).toEqual(["9:16"]);
  });

  it("tells which clips a platform refuses", () => {
    const preset = { max_ms: 60_000, min_ms: 3_000 } as never;
    expect(fitOf(preset, [30_000])).toBeNull();
    expect(fitOf(preset, [90_000])).toBe("longer than 1 min, its limit");
    expect(fitOf(preset, [90_000, 30_000, 80_000])).toBe("2 of the clips are longer than 1 min, its limit");
    expect(fitOf(preset, [1_000, 30_000])).toBe("1 of the clips is shorter than 3 s, its least");
  });
});
