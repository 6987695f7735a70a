import { expect, it } from "vitest";
import { shareOf, toneOf, usedOf, type Limits } from "./limits";

it("use is told in the unit of the limit, open invitations take seats", () => {
  const limits = { used: { source_ms: 90_000, exports: 3, stored_bytes: 2_500_000_000, running_projects: 1 }, seats: { members: 2, invitations: 1 } } as Limits;
  expect([usedOf(limits, "source_minutes"), usedOf(limits, "storage_gb"), usedOf(limits, "seats")]).toEqual([1.5, 2.5, 3]);
});

it("a share ends at 100, and no limit has none", () => {
  expect([shareOf(5, null), shareOf(0, 0), shareOf(30, 20), shareOf(8, 10)]).toEqual([null, 100, 100, 80]);
  expect([toneOf(79), toneOf(80), toneOf(100)]).toEqual(["active", "warn", "bad"]);
});
