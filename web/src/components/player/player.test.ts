import { describe, expect, it, vi } from "vitest";
import { PlayerClock } from "./clock";
import { isTyping, nextRate, playerKey } from "./keys";
import { nextSpeed } from "./shuttle";
import { renewIn } from "./source";

describe("J, K and L", () => {
  it("doubles in one direction, slows down in the other, and stands", () => {
    expect([0, 1, 2, 4, 8].map((speed) => nextSpeed(speed, "l"))).toEqual([1, 2, 4, 8, 8]);
    expect([0, -1, -8].map((speed) => nextSpeed(speed, "j"))).toEqual([-1, -2, -8]);
    expect(nextSpeed(4, "j")).toBe(2);
    expect(nextSpeed(1, "j")).toBe(-1);
    expect(nextSpeed(-4, "l")).toBe(-2);
    expect(nextSpeed(8, "k")).toBe(0);
  });
});

describe("keys", () => {
  it("belong to fields where somebody types", () => {
    const field = document.createElement("textarea");
    document.body.append(field);
    const clock = new PlayerClock();
    const toggle = vi.spyOn(clock, "toggle");
    const press = (key: string, target: Element) => {
      const event = new KeyboardEvent("keydown", { key });
      Object.defineProperty(event, "target", { value: target });
      return playerKey(event, clock, () => {});
    };
    expect(press(" ", field)).toBe(false);
    expect(isTyping(field)).toBe(true);
    expect(press(" ", document.body)).toBe(true);
    expect(toggle).toHaveBeenCalledOnce();
    field.remove();
  });
  it("choose the next rate and stay inside", () => {
    expect(nextRate(1, 1)).toBe(1.25);
    expect(nextRate(0.5, -1)).toBe(0.5);
    expect(nextRate(2, 1)).toBe(2);
  });
});

describe("the clock", () => {
  it("jumps before the file is there, within the video", () => {
    const clock = new PlayerClock();
    clock.durationMs.value = 10_000;
    clock.seek(12_000);
    expect(clock.ms.value).toBe(10_000);
    clock.seek(-5);
    expect(clock.ms.value).toBe(0);
  });
});

describe("a signed URL", () => {
  it("is renewed before it ends, and never at once again and again", () => {
    expect(renewIn(null)).toBeNull();
    expect(renewIn(3_600_000, 0)).toBe(3_510_000);
    expect(renewIn(1_000, 0)).toBe(5_000);
  });
});
