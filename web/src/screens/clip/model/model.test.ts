import { describe, expect, it } from "vitest";
import { applied, canJoin } from "./apply";
import { cueAt, cuesOf } from "./captions";
import { keepPlace, placeAt, placed, whenPlayed, wordsIn, type ClipEdit, type Piece, type Word } from "./clock";
import { cropAt, fitted, thinned, withKey } from "./crops";
import { Gaps, nudge, snap } from "./gaps";
import { redoVersion, stepsOf, undoVersion, type EditVersion } from "./history";
import { blocksOf, boundOperations, cutOperations, restoreOperations } from "./words";

function piece(id: string, start: number, end: number, more: Partial<Piece> = {}): Piece {
  return { segment_id: id, start_ms: start, end_ms: end, speed: 1, muted: false, gain_db: 0, style: null, output_start_ms: 0, output_end_ms: 0, ...more };
}

function edit(...pieces: Piece[]): ClipEdit {
  const segments = placed(pieces);
  return { clip_id: "c", version: 1, base_version: null, transcript_version: 1, length_ms: segments.at(-1)!.output_end_ms, segments, crops: {}, suggested: {}, captions: [], look: null };
}

/** Words of 400 ms with pauses of 200 ms: word n begins at n × 600. */
const WORDS: Word[] = Array.from({ length: 20 }, (_, n) => ({ text: `w${n}`, start_ms: n * 600, end_ms: n * 600 + 400, probability: 1 }));
const material = { words: WORDS, gaps: new Gaps(WORDS, 20_000) };

describe("clock", () => {
  it("maps moments over cuts, order and speed", () => {
    const pieces = placed([piece("s2", 6000, 8000, { speed: 2 }), piece("s1", 0, 3000)]);
    expect(placeAt(pieces, 500)).toEqual({ index: 0, sourceMs: 7000 });
    expect(placeAt(pieces, 1000)).toEqual({ index: 1, sourceMs: 0 });
    expect(placeAt(pieces, 99_999)).toEqual({ index: 1, sourceMs: 3000 });
    expect(whenPlayed(pieces, 7000)).toBe(500);
    expect(whenPlayed(pieces, 4000)).toBeNull();
  });

  it("keeps the picture when a cut before it shortens the clip", () => {
    const after = placed([piece("s1", 0, 1000), piece("s2", 2000, 6000)]);
    expect(keepPlace({ index: 0, sourceMs: 5000 }, after)).toBe(4000);
    expect(keepPlace({ index: 0, sourceMs: 1400 }, after)).toBe(1000);
  });

  it("counts a word to a range by its greater part", () => {
    expect(wordsIn(WORDS, { start_ms: 100, end_ms: 1750 })).toEqual({ first: 0, end: 3 });
    expect(wordsIn(WORDS, { start_ms: 250, end_ms: 1300 })).toEqual({ first: 1, end: 2 });
  });
});

describe("gaps", () => {
  const { gaps } = material;
  it("moves a cut out of a word", () => {
    expect(gaps.nearest(700)).toBe(540);
    expect(gaps.nearest(950)).toBe(1060);
    expect(gaps.nearest(gaps.nearest(700))).toBe(540);
  });

  it("goes by frames within a pause and over a word at its edge", () => {
    expect(nudge(gaps, 460, 1, false)).toBe(500);
    expect(nudge(gaps, 540, 1, false)).toBe(1060);
    expect(nudge(gaps, 1060, -1, true)).toBe(540);
  });

  it("snaps to a shot only where that cuts no word", () => {
    expect(snap(gaps, 480, [500], 50)).toEqual({ atMs: 500, to: "shot" });
    expect(snap(gaps, 700, [690], 50)).toEqual({ atMs: 540, to: "word" });
  });
});

describe("applied", () => {
  it("cuts words in the gaps around them, and the rest is a segment of its own", () => {
    const after = applied(edit(piece("s1", 0, 6000)), [{ op: "delete_words", first_word: 2, end_word: 4 }], material)!;
    expect(after.segments.map((one) => [one.segment_id, one.start_ms, one.end_ms])).toEqual([["s1", 0, 1140], ["s2", 2340, 6000]]);
    expect(after.length_ms).toBe(4800);
  });

  it("splits, moves and joins", () => {
    const two = applied(edit(piece("s1", 0, 6000)), [{ op: "split", segment_id: "s1", at_ms: 1700 }, { op: "move", segment_id: "s2", before: "s1" }], material)!;
    expect(two.segments.map((one) => one.segment_id)).toEqual(["s2", "s1"]);
    expect(canJoin(two.segments[0], two.segments[1])).toBe(false);
    const back = applied(two, [{ op: "move", segment_id: "s1", before: "s2" }, { op: "join", segment_id: "s1" }], material)!;
    expect(back.segments.map((one) => [one.start_ms, one.end_ms])).toEqual([[0, 6000]]);
  });

  it("leaves to the server what only it can judge", () => {
    expect(applied(edit(piece("s1", 0, 6000)), [{ op: "drop_fillers" }], material)).toBeNull();
  });
});

describe("words", () => {
  const cut = edit(piece("s1", 0, 1140), piece("s2", 2340, 6000));
  it("shows cut words between the segments that they were cut from", () => {
    const [first, second] = blocksOf(cut, WORDS, 2);
    expect(first!.played).toEqual({ first: 0, end: 2 });
    expect(first!.after).toEqual({ first: 2, end: 4 });
    expect(second!.after).toEqual({ first: 10, end: 12 });
  });

  const restore = (first: number, end: number, of = cut, words = WORDS) => restoreOperations({ first, end }, blocksOf(of, words, 2), words, new Gaps(words, 20_000));
  it("restores a cut by joining, and what stays cut is cut again", () => {
    expect(restore(2, 4)).toEqual([{ op: "join", segment_id: "s1" }]);
    expect(restore(2, 3)).toEqual([{ op: "join", segment_id: "s1" }, { op: "delete_words", first_word: 3, end_word: 4 }]);
    const back = applied(cut, restore(3, 4), material)!;
    expect(back.segments.map((one) => [one.start_ms, one.end_ms])).toEqual([[0, 1140], [1740, 6000]]);
  });

  it("restores several cuts in one change", () => {
    const three = edit(piece("s1", 0, 1140), piece("s2", 2340, 4140), piece("s3", 4740, 6000));
    const back = applied(three, restore(0, 10, three), material)!;
    expect(back.segments.map((one) => [one.segment_id, one.start_ms, one.end_ms])).toEqual([["s1", 0, 6000]]);
  });

  it("makes a segment of another look longer by just the words that were chosen", () => {
    const loud = edit(piece("s1", 0, 1140), piece("s2", 2340, 6000, { gain_db: 3 }));
    expect(restore(2, 3, loud)).toEqual([{ op: "trim", segment_id: "s1", end_ms: 1660 }]);
    expect(restore(3, 4, loud)).toEqual([{ op: "trim", segment_id: "s2", start_ms: 1740 }]);
    // Words without a pause between: a cut would rather lie behind the next one.
    const close = WORDS.map((word, n) => (n === 10 ? { ...word, end_ms: 6600 } : n === 11 ? { ...word, end_ms: 6700 } : word));
    expect(restore(10, 11, cut, close)).toEqual([{ op: "trim", segment_id: "s2", end_ms: 6660 }, { op: "delete_words", first_word: 11, end_word: 12 }]);
  });

  it("cuts only what is played", () => {
    expect(cutOperations({ first: 1, end: 6 }, blocksOf(cut, WORDS, 0))).toEqual([
      { op: "delete_words", first_word: 1, end_word: 2 }, { op: "delete_words", first_word: 4, end_word: 6 },
    ]);
  });

  it("sets the clip's end in one change", () => {
    expect(boundOperations(cut, 0, 800.4, "out")).toEqual([{ op: "remove", segment_id: "s2" }, { op: "trim", segment_id: "s1", end_ms: 800 }]);
  });
});

describe("history", () => {
  const version = (number: number, restore?: number): EditVersion => ({
    version: number, made_by: "person", created_at: "", base_version: null, actor: null, note: "",
    operations: restore === undefined ? [{ op: "drop_fillers" }] : [{ op: "restore", version: restore }],
  });
  it("undoes and redoes by versions, also after a reload", () => {
    const steps = stepsOf([version(1), version(2), version(3), version(4, 2), version(5, 1), version(6, 2)]);
    expect(undoVersion(steps)).toBe(1);
    expect(redoVersion(steps)).toBe(3);
  });
  it("forgets the way forward after a new change", () => {
    const steps = stepsOf([version(1), version(2), version(3, 1), version(4)]);
    expect(redoVersion(steps)).toBeNull();
    expect(undoVersion(steps)).toBe(1);
  });
});

describe("crops", () => {
  const keys = [{ at_ms: 0, crop: { x: 0, y: 0, width: 100, height: 200 } }, { at_ms: 1000, crop: { x: 100, y: 0, width: 100, height: 200 }, ease: "linear" as const }];
  it("moves from key to key", () => {
    expect(cropAt(keys, 500)!.x).toBe(50);
    expect(cropAt(keys, 2000)!.x).toBe(100);
    expect(cropAt(keys, -1)).toBeNull();
  });
  it("stays inside the picture", () => {
    expect(fitted({ x: 900, y: -5, width: 5000, height: 1 }, "9:16", { width: 320, height: 240 })).toEqual({ x: 186, y: 0, width: 134, height: 238 });
  });
  it("keeps the size of a crop that is only moved", () => {
    expect(fitted({ x: 250.4, y: -3, width: 136, height: 240 }, "9:16", { width: 320, height: 240 })).toEqual({ x: 184, y: 0, width: 136, height: 240 });
  });
  it("replaces the key of a moment, and thins what is too much", () => {
    expect(withKey(keys, { ...keys[1]!, at_ms: 1010 })).toHaveLength(2);
    const many = Array.from({ length: 300 }, (_, at) => ({ at_ms: at * 10, crop: { x: at === 150 ? 90 : 0, y: 0, width: 10, height: 10 }, ease: "linear" as const }));
    const few = thinned(many);
    expect(few).toHaveLength(200);
    expect(few.some((key) => key.crop.x === 90)).toBe(true);
  });
});

describe("captions", () => {
  it("shows words on the output's clock, and own texts instead of them", () => {
    const own = { ...edit(piece("s1", 600, 3000)), captions: [{ range: { start_ms: 1200, end_ms: 1600 }, text: "two words" }] };
    const cues = cuesOf(own, WORDS);
    expect(cues[0]!.words.map((word) => word.text)).toEqual(["w1", "two", "words", "w3", "w4"]);
    expect(cueAt(cues, 0)!.words[0]!.startMs).toBe(0);
  });
});
