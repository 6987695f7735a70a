import { describe, expect, it } from "vitest";
import { setLanguage } from "~/i18n";
import { grouped, toldLimit, toldValue, worstOf, type Check } from "./checks";

const check = (name: Check["name"], verdict: Check["verdict"], more: Partial<Check> = {}): Check =>
  ({ name, verdict, value: 0, unit: "", limit: 1, side: "at_most", ...more }) as Check;

describe("checks", () => {
  it("puts what failed first", () => {
    const groups = grouped([check("jitter", "pass"), check("cut_face", "fail"), check("lufs", "warn")]);
    expect(groups.map((one) => [one.group, one.checks.map((each) => each.name)])).toEqual([["picture", ["cut_face", "jitter"]], ["sound", ["lufs"]]]);
    expect(worstOf([check("jitter", "pass"), check("lufs", "not_measured")])).toEqual({ verdict: "pass", count: 1 });
  });

  it("says values and limits in words", () => {
    setLanguage("en");
    expect(toldValue(check("cut_face", "warn", { value: 0.034, unit: "share" }))).toBe("3.4%");
    expect(toldLimit(check("lufs", "pass", { side: "within", around: -14, limit: 0.5, unit: "LUFS" }))).toBe("-14 ± 0.5 LUFS");
    expect(toldLimit(check("faststart", "pass", { side: "at_least" }))).toBe("exactly yes");
    setLanguage("de");
    expect(toldLimit(check("duration", "pass", { limit: 50, unit: "ms" }))).toBe("höchstens 50 ms");
    setLanguage("en");
  });
});
