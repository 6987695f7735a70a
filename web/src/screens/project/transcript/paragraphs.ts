/** A transcript as paragraphs to show: sentences of one speaker that belong together. */
import type { Schemas } from "~/api/client";

export type Transcript = Schemas["Transcript"];
export type Word = Schemas["Word"];
export type Segment = Schemas["Segment"];

export interface Paragraph {
  /** Stays the same over corrections elsewhere. */
  key: string;
  firstSegment: number;
  endSegment: number;
  firstWord: number;
  endWord: number;
  startMs: number;
  speaker: string | null;
  /** Letters in it: what its height is guessed by. */
  length: number;
}

const MOST_WORDS = 70;
const PAUSE_MS = 2_500;
/** A word below this is marked: one of three such words is wrong. */
const UNSURE = 0.5;

export function paragraphsOf(transcript: Pick<Transcript, "segments">): Paragraph[] {
  const found: Paragraph[] = [];
  let last: Segment | null = null;
  transcript.segments.forEach((segment, at) => {
    const open = found.at(-1);
    const speaker = segment.speaker ?? null;
    const goesOn = open && last && open.speaker === speaker && segment.start_ms - last.end_ms < PAUSE_MS && segment.end_word - open.firstWord <= MOST_WORDS;
    if (open && goesOn) {
      open.endSegment = at + 1;
      open.endWord = segment.end_word;
      open.length += segment.text.length + 1;
    } else {
      found.push({
        key: `${segment.start_ms}`, firstSegment: at, endSegment: at + 1, firstWord: segment.first_word, endWord: segment.end_word,
        startMs: segment.start_ms, speaker, length: segment.text.length,
      });
    }
    last = segment;
  });
  return found;
}

/** Index of the last item whose start is at or before `ms`, of items in order of time; -1 before the first. */
function lastFrom(count: number, startOf: (at: number) => number, ms: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(middle) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The word that is said at a time, or the last one before it; -1 before the first. */
export function wordAt(words: readonly { start_ms: number }[], ms: number): number {
  return lastFrom(words.length, (at) => words[at]!.start_ms, ms);
}

/** The paragraph that holds a word. */
export function paragraphOf(paragraphs: readonly Paragraph[], word: number): number {
  return Math.max(0, lastFrom(paragraphs.length, (at) => paragraphs[at]!.firstWord, word));
}

export function segmentOf(segments: readonly Segment[], word: number): number {
  return Math.max(0, lastFrom(segments.length, (at) => segments[at]!.first_word, word));
}

export type Doubt = NonNullable<Segment["doubts"]>[number] | "low";

/** Why a word is marked; empty where it is trusted. */
export function doubtsOf(word: Word, segment: Segment): Doubt[] {
  if (segment.trust === "doubtful") return segment.doubts?.length ? [...segment.doubts] : ["unsure"];
  return word.probability < UNSURE ? ["low"] : [];
}
