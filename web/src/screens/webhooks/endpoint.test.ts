import { describe, expect, it } from "vitest";
import { setOut, stateOf, takes, toggled, type Endpoint } from "./endpoint";

const ENDPOINT = { disabled_at: null, disabled_reason: null, paused_at: null, paused_until: null } as Endpoint;
const NOW = Date.parse("2026-01-05T10:00:00Z");

describe("state of an endpoint", () => {
  it("names what stops it, the strongest reason first", () => {
    expect(stateOf(ENDPOINT, NOW)).toBe("active");
    expect(stateOf({ ...ENDPOINT, paused_until: "2026-01-05T10:05:00Z" }, NOW)).toBe("resting");
    expect(stateOf({ ...ENDPOINT, paused_until: "2026-01-05T09:55:00Z" }, NOW)).toBe("active");
    expect(stateOf({ ...ENDPOINT, paused_at: "2026-01-05T09:00:00Z" }, NOW)).toBe("paused");
    expect(stateOf({ ...ENDPOINT, paused_at: "2026-01-05T09:00:00Z", disabled_at: "2026-01-05T09:00:00Z", disabled_reason: "gone" }, NOW)).toBe("gone");
  });
});

describe("event filters", () => {
  it("take a type by itself, by its beginning, or by all", () => {
    expect(takes(["export.*"], "export.failed")).toBe(true);
    expect(takes(["*"], "clip.edited")).toBe(true);
    expect(takes(["project.failed"], "project.completed")).toBe(false);
  });
  it("drop what a wider one takes anyhow", () => {
    expect(toggled(["export.failed", "clip.edited"], "export.*", true)).toEqual(["clip.edited", "export.*"]);
    expect(toggled(["export.failed", "clip.*"], "*", true)).toEqual(["*"]);
    expect(toggled(["export.*", "clip.edited"], "export.*", false)).toEqual(["clip.edited"]);
  });
});

it("a body that is no JSON is shown as it came", () => {
  expect(setOut('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(setOut("<html>")).toBe("<html>");
});
