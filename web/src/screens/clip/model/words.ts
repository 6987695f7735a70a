/** The clip's words as text to edit: those that are played, and between them those that were cut. Operations from selections. */
import type { Operation } from "./apply";
import { wordsIn, type ClipEdit, type Piece, type Word, type WordRun } from "./clock";

export interface TextBlock {
  piece: Piece;
  index: number;
  played: WordRun;
  /** Words before it that no segment plays: only of the segment that is earliest in the source. */
  before: WordRun;
  /** Words cut out after it, up to the next segment of the source. */
  after: WordRun;
}

const EMPTY = (at: number): WordRun => ({ first: at, end: at });

/** Blocks in order of playing. `context`: how many words beyond the ends are offered to take in. */
export function blocksOf(edit: ClipEdit, words: readonly Word[], context: number): TextBlock[] {
  const runs = edit.segments.map((piece) => wordsIn(words, piece));
  const bySource = edit.segments.map((_, index) => index).sort((a, b) => edit.segments[a]!.start_ms - edit.segments[b]!.start_ms);
  return edit.segments.map((piece, index) => {
    const played = runs[index]!;
    const rank = bySource.indexOf(index);
    const next = bySource[rank + 1];
    const limit = next === undefined ? Math.min(words.length, played.end + context) : runs[next]!.first;
    return {
      piece,
      index,
      played,
      before: rank === 0 ? { first: Math.max(0, played.first - context), end: played.first } : EMPTY(played.first),
      after: limit > played.end ? { first: played.end, end: limit } : EMPTY(played.end),
    };
  });
}

/** Selected words: indexes into the transcript, the last not included. */
export type Selection = WordRun;

export function isPlayed(blocks: readonly TextBlock[], word: number): boolean {
  return blocks.some(({ played }) => played.first <= word && word < played.end);
}

export function cutOperations(selection: Selection, blocks: readonly TextBlock[]): Operation[] {
  const runs: WordRun[] = [];
  for (let word = selection.first; word < selection.end; word += 1) {
    if (!isPlayed(blocks, word)) continue;
    const last = runs.at(-1);
    if (last?.end === word) last.end = word + 1;
    else runs.push({ first: word, end: word + 1 });
  }
  return runs.map((run) => ({ op: "delete_words", first_word: run.first, end_word: run.end }));
}

const overlap = (a: WordRun, b: WordRun): WordRun => ({ first: Math.max(a.first, b.first), end: Math.min(a.end, b.end) });
/** A cut after a word may lie up to here behind it; the server moves it to the gap. */
const EDGE_MS = 60;

/** Bring back selected words that were cut: a segment becomes longer, two become one, or a range is put in between. */
export function restoreOperations(selection: Selection, blocks: readonly TextBlock[], words: readonly Word[]): Operation[] {
  const operations: Operation[] = [];
  for (const [at, block] of blocks.entries()) {
    const head = overlap(selection, block.before);
    if (head.first < head.end) operations.push({ op: "trim", segment_id: block.piece.segment_id, start_ms: Math.max(0, words[head.first]!.start_ms - EDGE_MS) });
    const tail = overlap(selection, block.after);
    if (tail.first >= tail.end) continue;
    const next = blocks[at + 1];
    const isFollowed = next !== undefined && next.played.first === block.after.end && next.piece.start_ms >= block.piece.end_ms;
    const fromStart = tail.first === block.after.first;
    const toEnd = tail.end === block.after.end && isFollowed;
    if (fromStart && toEnd && sameLook(block.piece, next!.piece)) operations.push({ op: "join", segment_id: block.piece.segment_id });
    else if (fromStart) operations.push({ op: "trim", segment_id: block.piece.segment_id, end_ms: toEnd ? next!.piece.start_ms : words[tail.end - 1]!.end_ms + EDGE_MS });
    else if (toEnd) operations.push({ op: "trim", segment_id: next!.piece.segment_id, start_ms: words[tail.first]!.start_ms - EDGE_MS });
    else operations.push({ op: "insert", start_ms: words[tail.first]!.start_ms - EDGE_MS, end_ms: words[tail.end - 1]!.end_ms + EDGE_MS, before: next?.piece.segment_id ?? null });
  }
  return operations;
}

function sameLook(a: Piece, b: Piece): boolean {
  return a.speed === b.speed && a.muted === b.muted && a.gain_db === b.gain_db && JSON.stringify(a.style) === JSON.stringify(b.style);
}

export function textOf(words: readonly Word[], run: WordRun): string {
  return words.slice(run.first, run.end).map((word) => word.text.trim()).join(" ");
}

/** Begin the clip at a moment that is played, or end it there: one change. */
export function boundOperations(edit: ClipEdit, index: number, sourceMs: number, side: "in" | "out"): Operation[] {
  const piece = edit.segments[index];
  if (!piece) return [];
  const gone = side === "in" ? edit.segments.slice(0, index) : edit.segments.slice(index + 1);
  const trim: Operation = side === "in"
    ? { op: "trim", segment_id: piece.segment_id, start_ms: Math.round(sourceMs) }
    : { op: "trim", segment_id: piece.segment_id, end_ms: Math.round(sourceMs) };
  return [...gone.map((one): Operation => ({ op: "remove", segment_id: one.segment_id })), trim];
}
