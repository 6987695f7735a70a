/** The clip's words as text to edit: those that are played, and between them those that were cut. Operations from selections. */
import type { Operation } from "./apply";
import type { Gaps } from "./gaps";
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
  return runs.flatMap(cutRun);
}

const overlap = (a: WordRun, b: WordRun): WordRun => ({ first: Math.max(a.first, b.first), end: Math.min(a.end, b.end) });
/** A cut after a word may lie up to here behind it; the server moves it to the gap. */
const EDGE_MS = 60;

/**
 * Bring back selected words that were cut: segments become one again without what stays cut, one becomes longer, or a range
 * is put in between. From the last to the first, because a segment's id is gone once the one before it has taken it in.
 */
export function restoreOperations(selection: Selection, blocks: readonly TextBlock[], words: readonly Word[], gaps: Gaps): Operation[] {
  const operations: Operation[] = [];
  for (const [at, block] of [...blocks.entries()].reverse()) {
    const { after, before, piece } = block;
    const tail = overlap(selection, after);
    const head = overlap(selection, before);
    if (tail.first < tail.end) operations.push(...restoreAfter(block, blocks[at + 1], tail, words, gaps));
    if (head.first < head.end) operations.push(...reach(piece, "start", head.first, words, gaps));
  }
  return operations;
}

function restoreAfter({ piece, after }: TextBlock, next: TextBlock | undefined, tail: WordRun, words: readonly Word[], gaps: Gaps): Operation[] {
  const isFollowed = next !== undefined && next.played.first === after.end && next.piece.start_ms >= piece.end_ms;
  if (isFollowed && sameLook(piece, next.piece)) {
    const rests = [{ first: after.first, end: tail.first }, { first: tail.end, end: after.end }];
    return [{ op: "join", segment_id: piece.segment_id }, ...rests.flatMap(cutRun)];
  }
  if (tail.first === after.first) return reach(piece, "end", tail.end - 1, words, gaps);
  if (isFollowed && tail.end === after.end) return reach(next.piece, "start", tail.first, words, gaps);
  return [{ op: "insert", start_ms: words[tail.first]!.start_ms - EDGE_MS, end_ms: words[tail.end - 1]!.end_ms + EDGE_MS, before: next?.piece.segment_id ?? null }];
}

function cutRun({ first, end }: WordRun): Operation[] {
  return first < end ? [{ op: "delete_words", first_word: first, end_word: end }] : [];
}

/** Make a segment longer up to a word. A cut rather lies in a pause: words that come along beyond it are taken out again. */
function reach(piece: Piece, side: "start" | "end", word: number, words: readonly Word[], gaps: Gaps): Operation[] {
  const { start_ms: start, end_ms: end } = words[word]!;
  const wishOf = (one: Word) => (side === "end" ? one.end_ms + EDGE_MS : Math.max(0, one.start_ms - EDGE_MS));
  const beyond = side === "end" ? words.slice(word) : words.slice(0, word + 1).reverse();
  const wish = wishOf(beyond.find((one) => (side === "end" ? gaps.nearest(wishOf(one)) >= end : gaps.nearest(wishOf(one)) <= start)) ?? words[word]!);
  const cut = gaps.nearest(wish);
  const more = wordsIn(words, side === "end" ? { start_ms: end, end_ms: cut } : { start_ms: cut, end_ms: start });
  return [{ op: "trim", segment_id: piece.segment_id, ...(side === "end" ? { end_ms: wish } : { start_ms: wish }) }, ...cutRun(more)];
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
