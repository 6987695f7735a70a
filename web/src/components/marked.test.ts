import { expect, it } from "vitest";
import { piecesOf } from "./marked";

it("marks become pieces, entities letters, and markup of the text stays text", () => {
  expect(piecesOf("I&#x27;ve <mark>energy</mark> &lt;b&gt; &amp;amp;")).toEqual([
    { text: "I've ", matches: false },
    { text: "energy", matches: true },
    { text: " <b> &amp;", matches: false },
  ]);
  expect(piecesOf("<mark>a</mark><mark>b</mark>").map((one) => one.matches)).toEqual([true, true]);
  expect(piecesOf("")).toEqual([]);
});
