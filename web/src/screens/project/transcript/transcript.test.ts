import { describe, expect, it } from "vitest";
import { applied, editOf, inverseOf, meet, textOf } from "./corrections";
import { Heights } from "./heights";
import { paragraphOf, paragraphsOf, wordAt, type Transcript } from "./paragraphs";
import { Finder } from "./search/search";

function transcriptOf(...sentences: string[]): Transcript {
  const words: Transcript["words"] = [];
  const segments: Transcript["segments"] = [];
  sentences.forEach((sentence, at) => {
    const first = words.length;
    sentence.split(" ").forEach((text, place) => {
      const start = at * 10_000 + place * 500;
      words.push({ text, start_ms: start, end_ms: start + 400, probability: 0.9, speaker: "S1" });
    });
    segments.push({ start_ms: at * 10_000, end_ms: words.at(-1)!.end_ms, text: sentence, first_word: first, end_word: words.length, speaker: "S1" });
  });
  return { words, segments, speech: [], duration_ms: 60_000, language: "en", language_probability: 1, model: "", version: 3 };
}

describe("corrections", () => {
  const one = transcriptOf("I trust nuclear energy fully.", "It comes back.", "No higher.");

  it("sends the smallest change, and takes it back", () => {
    const edit = editOf(one.words, one.segments[0]!, "I trust mechanical energy fully.")!;
    expect(edit).toEqual({ first_word: 2, end_word: 3, text: "mechanical" });
    const after = applied(one, edit, 4);
    expect(textOf(after.words)).toContain("trust mechanical energy");
    const back = applied(after, inverseOf(one.words, edit)!, 5);
    expect(textOf(back.words)).toBe(textOf(one.words));
    expect(back.words[2]!.start_ms).toBe(one.words[2]!.start_ms);
  });

  it.each([
    ["I trust all nuclear energy fully.", "words put in"],
    ["Now I trust nuclear energy fully.", "words put in at the start"],
    ["I trust nuclear energy fully. Yes.", "words put in at the end"],
    ["I trust energy fully.", "words taken out"],
    ["trust nuclear energy fully.", "the first word taken out"],
    ["I", "all but the first"],
  ])("%s: keeps every other word and can be taken back (%s)", (text) => {
    const edit = editOf(one.words, one.segments[0]!, text)!;
    expect(edit.end_word).toBeGreaterThan(edit.first_word);
    const after = applied(one, edit, 4);
    expect(after.segments[0]!.text).toBe(text);
    expect(after.segments[1]!.text).toBe("It comes back.");
    expect(textOf(after.words.slice(after.segments[1]!.first_word, after.segments[1]!.end_word))).toBe("It comes back.");
    expect(textOf(applied(after, inverseOf(one.words, edit)!, 5).words)).toBe(textOf(one.words));
  });

  it("removes a whole sentence, and says that nothing takes that back", () => {
    const edit = editOf(one.words, one.segments[1]!, "")!;
    expect(edit).toEqual({ first_word: 5, end_word: 8, text: "" });
    expect(inverseOf(one.words, edit)).toBeNull();
    expect(applied(one, edit, 4).segments.map((segment) => segment.text)).toEqual(["I trust nuclear energy fully.", "No higher."]);
  });

  it("takes each sign as a word where words have no spaces between them", () => {
    const two = { ...transcriptOf("你 好 世 界"), language: "zh" };
    const edit = editOf(two.words, two.segments[0]!, "你好新世界", "zh")!;
    expect(edit).toEqual({ first_word: 1, end_word: 2, text: "好新" });
    expect(textOf(applied(two, edit, 4).words, "zh")).toBe("你好新世界");
  });

  it("changes nothing where nothing changed", () => {
    expect(editOf(one.words, one.segments[0]!, "  I trust  nuclear energy fully. ")).toBeNull();
  });

  it("meets another person's correction elsewhere without asking", () => {
    const newer = applied(one, { first_word: 0, end_word: 1, text: "Well, yes, I" }, 4);
    const met = meet(newer, one.segments[2]!, "No higher.", "Not higher.");
    expect(met).toMatchObject({ kind: "clean", edit: { first_word: 10, end_word: 11, text: "Not" } });
  });

  it("asks where both changed the same sentence", () => {
    const newer = applied(one, { first_word: 8, end_word: 9, text: "Never" }, 4);
    expect(meet(newer, one.segments[2]!, "No higher.", "Not higher.")).toMatchObject({ kind: "conflict", theirs: "Never higher." });
    expect(meet(applied(one, { first_word: 8, end_word: 10, text: "" }, 4), one.segments[2]!, "No higher.", "Not higher.").kind).toBe("gone");
  });
});

describe("places", () => {
  const one = transcriptOf("I trust it.", "It comes back.");

  it("finds the word of a time", () => {
    expect(wordAt(one.words, -1)).toBe(-1);
    expect(wordAt(one.words, 0)).toBe(0);
    expect(wordAt(one.words, 999)).toBe(1);
    expect(wordAt(one.words, 9_000)).toBe(2);
    expect(wordAt(one.words, 90_000)).toBe(5);
  });

  it("makes a paragraph of what one person says without a long pause", () => {
    const paragraphs = paragraphsOf(one);
    expect(paragraphs.map((paragraph) => [paragraph.firstWord, paragraph.endWord])).toEqual([[0, 3], [3, 6]]);
    expect(paragraphOf(paragraphs, 4)).toBe(1);
  });
});

describe("heights of rows", () => {
  it("shows the rows of a window, and moves the rest when one is measured", () => {
    const heights = new Heights(Array.from({ length: 1_000 }, () => 100));
    expect(heights.window(5_000, 500, 0)).toEqual([50, 56]);
    expect(heights.measure(10, 150)).toBe(50);
    expect(heights.total).toBe(100_050);
    expect(heights.at(5_049)).toBe(49);
    expect(heights.top(50)).toBe(5_050);
    expect(heights.measure(10, 150.2)).toBe(0);
    expect(new Heights([]).window(0, 100, 100)).toEqual([0, 0]);
  });
});

describe("search", () => {
  const finder = new Finder("Énergie, that bob can never: come back. Never!".split(" ").map((text) => ({ text })));

  it("looks over borders of words, case, accents and punctuation", () => {
    expect(finder.find("energie")).toEqual([{ firstWord: 0, endWord: 1 }]);
    expect(finder.find("never come")).toEqual([{ firstWord: 4, endWord: 6 }]);
    expect(finder.find("NEVER")).toHaveLength(2);
    expect(finder.find("  ")).toEqual([]);
    expect(finder.find("nowhere")).toEqual([]);
  });
});
