import { afterEach, describe, expect, it } from "vitest";
import { ago, bytes, clock, date, duration, language, number, setLanguage, words } from "./index";

const t = words({
  en: { clips: { one: "{count} clip", other: "{count} clips" }, hello: "Hello {name}, {missing}" },
  de: { clips: { one: "{count} Clip", other: "{count} Clips" }, hello: "Hallo {name}, {missing}" },
});

afterEach(() => setLanguage("en"));

describe("words", () => {
  it("chooses the plural form that the language has for a number", () => {
    expect(t("clips", { count: 1 })).toBe("1 clip");
    expect(t("clips", { count: 0 })).toBe("0 clips");
    setLanguage("de");
    expect(t("clips", { count: 1200 })).toBe("1.200 Clips");
  });

  it("leaves a name in place that nobody gave, so that it is seen", () => {
    expect(t("hello", { name: "Ada" })).toBe("Hello Ada, {missing}");
  });

  it("keeps the language that was chosen", () => {
    setLanguage("de");
    expect(localStorage.getItem("clipstream.language")).toBe("de");
    expect(language.value).toBe("de");
  });
});

describe("quantities", () => {
  it("writes places in a video as a clock", () => {
    expect(clock(0)).toBe("0:00");
    expect(clock(59_999)).toBe("0:59");
    expect(clock(61_940, true)).toBe("1:01.9");
    expect(clock(3_600_000 + 2_000)).toBe("1:00:02");
    expect(clock(-5)).toBe("0:00");
  });

  it("writes lengths in words", () => {
    expect(duration(1_400)).toBe("1 sec");
    expect(duration(90_000)).toBe("1 min 30 sec");
    expect(duration(720_000)).toBe("12 min");
    expect(duration(3_660_000)).toBe("1 hr 1 min");
  });

  it("writes sizes with the unit that fits", () => {
    expect(bytes(0)).toBe("0 byte");
    expect(bytes(1_500_000)).toBe("1.5 MB");
    setLanguage("de");
    expect(bytes(1_500_000)).toBe("1,5 MB");
  });

  it("writes times as distances, and as dates where they are far", () => {
    const now = Date.parse("2026-11-25T12:00:00Z");
    expect(ago("2026-11-25T11:59:50Z", now)).toBe("now");
    expect(ago("2026-11-25T11:57:00Z", now)).toBe("3 minutes ago");
    expect(ago("2026-11-24T12:00:00Z", now)).toBe("yesterday");
    expect(ago("2026-01-02T12:00:00Z", now)).toBe(date("2026-01-02T12:00:00Z"));
    setLanguage("de");
    expect(ago("2026-11-25T14:00:00Z", now)).toBe("in 2 Stunden");
  });

  it("groups digits as the language does", () => {
    expect(number(10_000.5)).toBe("10,000.5");
    setLanguage("de");
    expect(number(10_000.5)).toBe("10.000,5");
  });
});
