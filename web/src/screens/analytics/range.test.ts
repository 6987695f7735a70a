import { expect, it } from "vitest";
import { queryOf, rangeOf, windowOf } from "./range";

const NOW = Date.parse("2026-03-10T15:30:00Z");
const iso = (ms: number) => new Date(ms).toISOString();

it("a range comes back from the address that it was written to", () => {
  for (const query of [{ range: "7d", by: "hour" }, { range: "90d", by: "day" }, { from: "2026-01-05", until: "2026-01-09", by: "hour" }]) {
    const range = rangeOf(query, NOW);
    expect(rangeOf(Object.fromEntries(new URLSearchParams(queryOf(range))), NOW)).toEqual(range);
  }
});

it("slips of an address fall back to what the API answers", () => {
  expect(rangeOf({}, NOW)).toMatchObject({ name: "30d", bucket: "day" });
  expect(rangeOf({ from: "2026-01-09", until: "2026-01-05" }, NOW).name).toBe("30d");
  expect(rangeOf({ from: "2020-01-01", until: "2026-01-05" }, NOW).name).toBe("30d");
  expect(rangeOf({ range: "90d", by: "hour" }, NOW).bucket).toBe("day");
  expect(rangeOf({ range: "1d" }, NOW).bucket).toBe("hour");
});

it("windows begin with a whole day or hour and end now", () => {
  const { since, until } = windowOf(rangeOf({ range: "7d" }, NOW), NOW);
  expect([iso(since), iso(until)]).toEqual(["2026-03-04T00:00:00.000Z", "2026-03-10T15:30:00.000Z"]);
  expect(iso(windowOf(rangeOf({ range: "1d" }, NOW), NOW).since)).toBe("2026-03-09T16:00:00.000Z");
  const own = windowOf(rangeOf({ from: "2026-01-05", until: "2026-01-05" }, NOW), NOW);
  expect([iso(own.since), iso(own.until)]).toEqual(["2026-01-05T00:00:00.000Z", "2026-01-06T00:00:00.000Z"]);
});
