import { beforeEach, describe, expect, it } from "vitest";
import { endTour, isTourOver, noteRequest, stepsDone } from "./first-steps";

beforeEach(() => {
  localStorage.clear();
  stepsDone.value = new Set();
});

describe("first steps", () => {
  it("are marked by the requests that they stand for, and kept", () => {
    noteRequest("POST", "/v1/projects");
    noteRequest("GET", "/v1/projects");
    noteRequest("PATCH", "/v1/clips/1/edit");
    noteRequest("POST", "/v1/clips/1/exports");
    expect([...stepsDone.value]).toEqual(["make", "edit", "export"]);
    expect(localStorage.getItem("clipstream.first-steps")).toBe("make,edit,export");
    expect(isTourOver(stepsDone.value)).toBe(false);
  });

  it("are over with the last one, or where a person ends the tour", () => {
    endTour();
    expect(isTourOver(stepsDone.value)).toBe(true);
    noteRequest("POST", "/v1/shares");
    expect(stepsDone.value.has("share")).toBe(false);
    expect(isTourOver(new Set(["make", "look", "edit", "export", "share"]))).toBe(true);
  });
});
