import { expect, it } from "vitest";
import { bucketsOf, ranked, spread, stacked } from "./buckets";

const at = (text: string) => Date.parse(text);

it("a window has all its days and hours, also those without a count", () => {
  const days = bucketsOf(at("2026-01-05T10:00:00Z"), at("2026-01-07T09:00:00Z"), "day");
  expect(days.map((one) => new Date(one).toISOString().slice(0, 10))).toEqual(["2026-01-05", "2026-01-06", "2026-01-07"]);
  expect(bucketsOf(at("2026-01-05T10:20:00Z"), at("2026-01-05T12:00:00Z"), "hour")).toHaveLength(2);
  expect(bucketsOf(at("2026-01-05T10:00:00Z"), at("2026-01-05T10:00:00Z"), "hour")).toHaveLength(1);
});

it("counts of one time are summed, a time without one is told apart where it matters", () => {
  const days = bucketsOf(at("2026-01-05T00:00:00Z"), at("2026-01-08T00:00:00Z"), "day");
  const items = [{ at: "2026-01-05T00:00:00Z", n: 2 }, { at: "2026-01-05T00:00:00+00:00", n: 3 }, { at: "2026-01-07T00:00:00Z", n: 1 }];
  expect(spread(days, items, (one) => one.at, (one) => one.n, 0)).toEqual([5, 0, 1]);
  expect(spread(days, items, (one) => one.at, (one) => one.n, null)).toEqual([5, null, 1]);
});

it("groups come by their sum, and pile up", () => {
  const items = [{ k: "a", n: 1 }, { k: "b", n: 5 }, { k: "a", n: 2 }];
  expect(ranked(items, (one) => one.k, (one) => one.n).map((one) => [one.key, one.sum])).toEqual([["b", 5], ["a", 3]]);
  expect(stacked([[1, 2], [3, null]])).toEqual([[1, 2], [4, 2]]);
});
