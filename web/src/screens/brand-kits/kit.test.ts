import { expect, it } from "vitest";
import { changesOf, colourOf, isChanged, linesOf, overridden, type Kit } from "./kit";

const KIT: Kit = { name: "House", colours: { primary: "#112233" }, logo: { asset_id: "a" }, fonts: {} };

it("only parts that differ are sent, and null removes one", () => {
  expect(isChanged(KIT, { ...KIT, template: null })).toBe(false);
  expect(changesOf(KIT, { ...KIT, logo: null, name: "Home" })).toEqual({ name: "Home", logo: null });
  expect(changesOf(KIT, { ...KIT, colours: undefined })).toEqual({ colours: {} });
});

it("a part without a colour has the kit's", () => {
  expect(colourOf(KIT, null, "primary", "#000000")).toBe("#112233");
  expect(colourOf(KIT, "#ffffff", "primary", "#000000")).toBe("#ffffff");
  expect(colourOf(KIT, undefined, "text", "#eeeeee")).toBe("#eeeeee");
});

it("overrides keep what they omit, and null removes a part", () => {
  const template = { letters: { fill: "#fff", stroke: { width: 1 } }, list: [1, 2] };
  expect(overridden(template, { letters: { stroke: null }, list: [3] })).toEqual({ letters: { fill: "#fff", stroke: null }, list: [3] });
  expect(overridden(template, undefined)).toEqual(template);
});

it("a cue ends with its words or its lines", () => {
  expect(linesOf("We measure twice and cut once", 11, 5, 2)).toEqual([["We", "measure"], ["twice", "and"]]);
  expect(linesOf("We measure twice", 40, 2, 2)).toEqual([["We", "measure"]]);
});
