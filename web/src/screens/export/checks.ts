/** Checks of a certificate in the order and the words of a page. */
import type { Schemas } from "~/api/client";
import { number, percent } from "~/i18n";
import { tq } from "./certificate-messages";

export type Check = Schemas["Check"];
type Name = Check["name"];
export type Group = "picture" | "captions" | "sound" | "file";

const GROUPS: Record<Name, Group> = {
  nobody_in_frame: "picture", cut_face: "picture", cut_letters: "picture", jitter: "picture", reversals: "picture", black: "picture", frozen: "picture",
  ssim: "picture", size: "picture", frames: "picture",
  caption_offset: "captions", caption_cut_off: "captions",
  lufs: "sound", true_peak: "sound", clipping: "sound", av_offset: "sound",
  duration: "file", streams: "file", faststart: "file", preset: "file",
};
const ORDER: Group[] = ["picture", "captions", "sound", "file"];
const SEVERITY: Record<Check["verdict"], number> = { fail: 0, warn: 1, not_measured: 2, pass: 3 };

/** Groups with their checks, what failed first. */
export function grouped(checks: readonly Check[]): { group: Group; checks: Check[] }[] {
  return ORDER.map((group) => ({
    group,
    checks: checks.filter((check) => (GROUPS[check.name] ?? "file") === group).sort((a, b) => SEVERITY[a.verdict] - SEVERITY[b.verdict]),
  })).filter((one) => one.checks.length > 0);
}

export function worstOf(checks: readonly Check[]): { verdict: "pass" | "warn" | "fail"; count: number } {
  const count = (verdict: Check["verdict"]) => checks.filter((check) => check.verdict === verdict).length;
  if (count("fail") > 0) return { verdict: "fail", count: count("fail") };
  if (count("warn") > 0) return { verdict: "warn", count: count("warn") };
  return { verdict: "pass", count: count("pass") };
}

const YES_NO: readonly Name[] = ["faststart"];
const UNITS: Record<string, Parameters<typeof tq>[0]> = { pictures: "pictures", "px a picture": "pxPicture", "a second": "aSecond", "of the margin": "ofMargin" };
const DIGITS = { maximumFractionDigits: 2 };

function told(check: Check, value: number): string {
  if (YES_NO.includes(check.name)) return value >= 1 ? tq("yes") : tq("no");
  if (check.unit === "share") return percent(value, value < 0.1 ? 1 : 0);
  const unit = UNITS[check.unit];
  return `${number(value, DIGITS)} ${unit ? tq(unit) : check.unit}`.trim();
}

export function toldValue(check: Check): string | null {
  return check.value == null ? null : told(check, check.value);
}

export function toldLimit(check: Check): string {
  const limit = told(check, check.limit);
  if (YES_NO.includes(check.name)) return tq("limitEqual", { limit });
  switch (check.side) {
    case "at_most": return tq("limitMost", { limit });
    case "at_least": return tq("limitLeast", { limit });
    case "equal": return tq("limitEqual", { limit });
    case "within": return tq("limitWithin", { around: number(check.around ?? 0, DIGITS), limit });
  }
}
