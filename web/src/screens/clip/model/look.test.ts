import { describe, expect, it } from "vitest";
import { fontBounds, frameOf, placeBounds, withShape, type Template } from "./caption-changes";
import { baseLook, changeOf, lookOf, merged, PLAIN, requestOf, type Look } from "./look";

const RED = { letters: { fill: "#ff0000" } };
const TEMPLATE: Template = {
  template_id: "bold_outline", version: 1, name: "", description: "",
  shapes: {
    tall: { font: 0.083, y: 0.575, width: 0.62 },
    square: { font: 0.068, y: 0.83, width: 0.86 },
    wide: { font: 0.037, y: 0.86, width: 0.72 },
  },
  letters: { stroke: { width: 0.085, colour: "#0c0c0e" } },
  highlight: { how: "colour" },
  wrap: { max_lines: 2 },
};

describe("look", () => {
  const base: Look = { ...PLAIN, template: "minimal", kitId: "k1", sound: { declick: true } };

  it("is the base where the edit names nothing, and what it names otherwise", () => {
    expect(lookOf(null, base)).toBe(base);
    expect(lookOf({ aspect: "1:1", options: { captions: { overrides: RED } } }, base)).toEqual({ ...base, aspect: "1:1", overrides: RED });
    expect(lookOf({ template: null, options: { brand: null, sound: {} } }, base)).toEqual({ ...base, template: null, kitId: null, sound: {} });
  });

  it("changes only the parts that differ", () => {
    expect(changeOf(base, { template: "minimal" })).toBeNull();
    expect(changeOf(base, { template: null, overrides: {} })).toEqual({ template: null });
    expect(changeOf(base, { kitId: null })).toEqual({ options: { brand: null } });
    expect(changeOf(base, { language: "en" })).toEqual({ options: { captions: { overrides: {}, language: "en" } } });
  });

  it("takes changes of two people together", () => {
    const mine = changeOf(base, { aspect: "1:1" });
    const theirs = changeOf(base, { sound: { target_lufs: -20 } });
    expect(lookOf(merged(merged(null, theirs), mine), base)).toEqual({ ...base, aspect: "1:1", sound: { target_lufs: -20 } });
    expect(merged({ aspect: "1:1" }, null)).toBeNull();
  });

  it("sends no template and no changes of it where there are no captions", () => {
    const request = requestOf({ ...base, captions: false, overrides: RED });
    expect([request.template, request.options.captions]).toEqual([null, { language: "spoken" }]);
    expect(requestOf({ ...base, overrides: RED }).options.captions).toEqual({ language: "spoken", overrides: RED });
  });

  it("leaves the template to the project only where no kit could put its own in its place", () => {
    const made = { aspect: "1:1", captions: true, template: "minimal", mask_profanity: false, options: {} };
    expect(baseLook(made as never, "minimal").template).toBeNull();
    expect(baseLook({ ...made, options: { brand: { kit_id: "k" } } } as never, "minimal").template).toBe("minimal");
    expect(baseLook(null, "minimal")).toEqual(PLAIN);
  });
});

describe("caption changes", () => {
  it("have one size and place for each frame", () => {
    expect((["9:16", "4:5", "1:1", "16:9"] as const).map(frameOf)).toEqual(["tall", "square", "square", "wide"]);
  });

  it("stay where the server allows them", () => {
    const { min, max } = placeBounds(TEMPLATE, "tall");
    expect([min, max]).toEqual([0.208, 0.592]);
    expect(fontBounds(TEMPLATE, "wide").max).toBeGreaterThan(0.1);
  });

  it("move a block that no longer fits where it stands", () => {
    const bigger = withShape(TEMPLATE, {}, "tall", { font: 0.15 });
    expect(bigger.shapes?.tall?.y).toBeLessThan(0.56);
    expect(withShape(TEMPLATE, RED, "tall", { font: 0.06 })).toEqual({ ...RED, shapes: { tall: { font: 0.06 } } });
  });
});
