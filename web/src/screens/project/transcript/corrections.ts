/** Corrections as the API takes them: what changed, what takes it back, and how it meets another person's. Pure. */
import type { Schemas } from "~/api/client";
import type { Segment, Transcript, Word } from "./paragraphs";

export type WordEdit = Schemas["WordEdit"];

/** Languages whose words are written without spaces, as the server knows them: there each sign is a word. */
const WITHOUT_SPACES = new Set(["zh", "yue", "ja", "th", "lo", "my", "km", "bo"]);
const SIGN = /[0-9A-Za-z\u00c0-\u024f]+|[^\s]/gu;

export type Language = string | null | undefined;

export function space(language: Language): string {
  return WITHOUT_SPACES.has(language ?? "") ? "" : " ";
}

function split(text: string, language: Language): string[] {
  return space(language) === "" ? (text.match(SIGN) ?? []) : text.trim().split(/\s+/).filter(Boolean);
}

export function textOf(words: readonly Word[], language?: Language): string {
  return words.map((word) => word.text).join(space(language));
}

/** The smallest change that makes a segment read as `text`; null where nothing changes. */
export function editOf(words: readonly Word[], segment: Segment, text: string, language?: Language): WordEdit | null {
  const old = words.slice(segment.first_word, segment.end_word).map((word) => word.text);
  const next = split(text, language);
  let first = 0;
  while (first < old.length && first < next.length && old[first] === next[first]) first += 1;
  let tail = 0;
  while (tail < old.length - first && tail < next.length - first && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail += 1;
  if (first === old.length && first === next.length) return null;
  // An edit replaces at least one word, and leaves one: what was only put in or taken out takes a neighbour with it.
  const isEmpty = () => first >= old.length - tail || (next.length > 0 && first >= next.length - tail);
  if (isEmpty()) {
    if (first > 0) first -= 1;
    else if (tail > 0) tail -= 1;
  }
  return {
    first_word: segment.first_word + first,
    end_word: segment.first_word + old.length - tail,
    text: next.slice(first, next.length - tail).join(space(language)),
  };
}

/** What takes an edit back, on the words after it; null where it removed a whole segment. */
export function inverseOf(words: readonly Word[], edit: WordEdit, language?: Language): WordEdit | null {
  const count = split(edit.text, language).length;
  if (count === 0) return null;
  return { first_word: edit.first_word, end_word: edit.first_word + count, text: textOf(words.slice(edit.first_word, edit.end_word), language) };
}

/** The transcript as the server will have it; times of the new words are shared by length, as there. */
export function applied(transcript: Transcript, edit: WordEdit, version: number): Transcript {
  const old = transcript.words.slice(edit.first_word, edit.end_word);
  const { language } = transcript;
  const texts = split(edit.text, language);
  const letters = texts.reduce((sum, text) => sum + text.length, 0) || 1;
  const startMs = old[0]?.start_ms ?? 0;
  const length = (old.at(-1)?.end_ms ?? startMs) - startMs;
  let before = 0;
  const fresh: Word[] = texts.map((text, at) => {
    if (texts.length === old.length) return { ...old[at]!, text, probability: 1 };
    const from = startMs + (length * before) / letters;
    before += text.length;
    return { ...old[0]!, text, start_ms: Math.round(from), end_ms: Math.round(startMs + (length * before) / letters), probability: 1 };
  });
  const words = [...transcript.words.slice(0, edit.first_word), ...fresh, ...transcript.words.slice(edit.end_word)];
  const shift = fresh.length - old.length;
  const segments = transcript.segments.flatMap((segment) => {
    if (segment.end_word <= edit.first_word) return [segment];
    if (segment.first_word >= edit.end_word) return [{ ...segment, first_word: segment.first_word + shift, end_word: segment.end_word + shift }];
    const end = segment.end_word + shift;
    if (end <= segment.first_word) return [];
    const own = words.slice(segment.first_word, end);
    return [{ ...segment, end_word: end, text: textOf(own, language), trust: "trusted" as const, doubts: [] }];
  });
  return { ...transcript, words, segments, version };
}

export type Meeting =
  /** Nobody touched this sentence: the same edit, where the words are now. */
  | { kind: "clean"; segment: Segment; edit: WordEdit | null }
  /** Somebody changed it too. */
  | { kind: "conflict"; theirs: string; segment: Segment; edit: WordEdit | null }
  /** Somebody removed it. */
  | { kind: "gone" };

/** What becomes of a correction of `segment` (its text then: `before`) on a newer version of the transcript. */
export function meet(newer: Transcript, segment: Segment, before: string, mine: string): Meeting {
  const overlap = (one: Segment) => Math.min(one.end_ms, segment.end_ms) - Math.max(one.start_ms, segment.start_ms);
  let best: Segment | null = null;
  for (const one of newer.segments) if (overlap(one) > 0 && (!best || overlap(one) > overlap(best))) best = one;
  if (!best) return { kind: "gone" };
  const theirs = textOf(newer.words.slice(best.first_word, best.end_word), newer.language);
  const edit = editOf(newer.words, best, mine, newer.language);
  return theirs === before ? { kind: "clean", segment: best, edit } : { kind: "conflict", theirs, segment: best, edit };
}
