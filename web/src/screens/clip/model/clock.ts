/**
 * Source time and output time of an edit: where a moment of the source plays, and what plays at a moment of the clip.
 *
 * All times are ms. A moment of the source may be played never, once or more often.
 */
import type { Schemas } from "~/api/client";

export type Piece = Schemas["PlayedSegment"];
export type ClipEdit = Schemas["ClipEdit"];
export type Word = Schemas["Word"];

export interface Place {
  /** Index of the segment in playing order. */
  index: number;
  sourceMs: number;
}

/** Segments with output times, one after the other. */
export function placed(pieces: readonly Piece[]): Piece[] {
  let at = 0;
  return pieces.map((piece) => {
    const start = at;
    at += (piece.end_ms - piece.start_ms) / piece.speed;
    return { ...piece, output_start_ms: start, output_end_ms: at };
  });
}

export function lengthOf(pieces: readonly Piece[]): number {
  return pieces.at(-1)?.output_end_ms ?? 0;
}

/** What plays at a moment of the clip; beyond the end: the last moment. */
export function placeAt(pieces: readonly Piece[], outputMs: number): Place {
  const found = pieces.findIndex((piece) => outputMs < piece.output_end_ms);
  const index = found < 0 ? pieces.length - 1 : found;
  const piece = pieces[index];
  if (!piece) return { index: 0, sourceMs: 0 };
  const into = Math.max(0, outputMs - piece.output_start_ms) * piece.speed;
  return { index, sourceMs: Math.min(piece.end_ms, piece.start_ms + into) };
}

/** A moment of the source on the clip's clock, within one segment. */
export function outputOf(piece: Piece, sourceMs: number): number {
  const inside = Math.min(Math.max(sourceMs, piece.start_ms), piece.end_ms);
  return piece.output_start_ms + (inside - piece.start_ms) / piece.speed;
}

/** When a moment of the source is played first; null: never. `preferred`: index of a segment to look in before others. */
export function whenPlayed(pieces: readonly Piece[], sourceMs: number, preferred = -1): number | null {
  const plays = (piece: Piece | undefined) => piece && piece.start_ms <= sourceMs && sourceMs < piece.end_ms;
  const near = pieces[preferred];
  const piece = near && plays(near) ? near : pieces.find(plays);
  return piece ? outputOf(piece, sourceMs) : null;
}

/** The moment of a changed edit that is nearest to what was shown before the change. */
export function keepPlace(before: Place, pieces: readonly Piece[]): number {
  const same = whenPlayed(pieces, before.sourceMs, before.index);
  if (same !== null) return same;
  let best = 0;
  let distance = Infinity;
  for (const piece of pieces) {
    for (const at of [piece.start_ms, piece.end_ms]) {
      if (Math.abs(at - before.sourceMs) >= distance) continue;
      distance = Math.abs(at - before.sourceMs);
      best = outputOf(piece, at);
    }
  }
  return best;
}

/** Whether more than half of a word is heard in a range, as the export decides which words it shows. */
export function isHeard(word: Word, piece: { start_ms: number; end_ms: number }): boolean {
  const heard = Math.min(word.end_ms, piece.end_ms) - Math.max(word.start_ms, piece.start_ms);
  const length = word.end_ms - word.start_ms;
  if (length === 0) return piece.start_ms <= word.start_ms && word.start_ms < piece.end_ms;
  return heard * 2 > length || (heard > 0 && heard * 2 === length && piece.start_ms <= word.start_ms);
}

export interface WordRun {
  first: number;
  /** Not included. */
  end: number;
}

/** Indexes of the words of a range: a run, because words lie in order of time. */
export function wordsIn(words: readonly Word[], range: { start_ms: number; end_ms: number }): WordRun {
  let first = words.findIndex((word) => isHeard(word, range));
  if (first < 0) {
    first = words.findIndex((word) => word.start_ms >= range.start_ms);
    if (first < 0) first = words.length;
    return { first, end: first };
  }
  let end = first;
  while (end < words.length && (isHeard(words[end]!, range) || words[end]!.end_ms <= range.end_ms)) end += 1;
  return { first, end };
}
