import { expect, test } from "vitest";
import { rolesToGive } from "~/session/roles";
import { endOf, expiryOf } from "./keys/expiry";
import { linesOf } from "./keys/key-form";
import { asked, dayAfter } from "./logs/filters";
import { OF_APPS, PERMISSIONS } from "./permissions";

test("nobody gives a role with permissions that theirs lacks", () => {
  expect(rolesToGive("owner", true)).toContain("operator");
  expect(rolesToGive("owner", false)).not.toContain("operator");
  expect(rolesToGive("admin", false)).toEqual(["admin", "editor", "viewer"]);
  expect(rolesToGive("viewer", false)).toEqual([]);
  expect(rolesToGive(undefined, false)).toEqual([]);
});

test("a key ends at the end of a day, in some days, or never", () => {
  const now = new Date("2026-11-25T12:00:00Z");
  expect(endOf({ kind: "never" }, now)).toBeNull();
  expect(endOf({ kind: "days", days: 30 }, now)).toBe("2026-12-25T12:00:00.000Z");
  const day = { kind: "date", day: "2027-01-31" } as const;
  expect(expiryOf(endOf(day, now))).toEqual(day);
  expect(expiryOf(null)).toEqual({ kind: "never" });
});

test("networks and addresses are split at lines, blanks and commas", () => {
  expect(linesOf(" 192.0.2.0/24,\n2001:db8::/32  ")).toEqual(["192.0.2.0/24", "2001:db8::/32"]);
  expect(linesOf(" \n")).toEqual([]);
});

test("empty fields ask nothing, and a last day counts whole", () => {
  expect(asked({ actor: "", operation: " createKey ", until: "" })).toEqual({ operation: "createKey" });
  expect(dayAfter("2026-12-31")).toBe("2027-01-01");
});

test("apps may have no permission that outlives their grant", () => {
  expect(PERMISSIONS.length).toBe(23);
  expect(OF_APPS).not.toContain("keys:write");
  expect(OF_APPS.length).toBe(14);
});
