/** Plain captions over the playing picture, on the video's own clock. The export's look is the server's frame. */
import { isHeard, outputOf, type ClipEdit, type Piece, type Word } from "./clock";

export interface Cue {
  startMs: number;
  endMs: number;
  words: { text: string; startMs: number }[];
}

const MOST_WORDS = 5;
const PAUSE_MS = 600;

interface Said {
  text: string;
  startMs: number;
  endMs: number;
}

function saidIn(piece: Piece, edit: ClipEdit, words: readonly Word[]): Said[] {
  const texts = edit.captions.filter((one) => one.range.start_ms < piece.end_ms && one.range.end_ms > piece.start_ms);
  const isReplaced = (word: Word) => texts.some(({ range }) => {
    const middle = (word.start_ms + word.end_ms) / 2;
    return range.start_ms <= middle && middle < range.end_ms;
  });
  const heard = piece.muted ? [] : words.filter((word) => isHeard(word, piece) && !isReplaced(word));
  const said: Said[] = heard.map((word) => ({ text: word.text, startMs: outputOf(piece, word.start_ms), endMs: outputOf(piece, word.end_ms) }));
  for (const { range, text } of texts) {
    const parts = text.split(/\s+/).filter(Boolean);
    const [from, to] = [outputOf(piece, range.start_ms), outputOf(piece, range.end_ms)];
    for (const [at, part] of parts.entries()) {
      said.push({ text: part, startMs: from + ((to - from) * at) / parts.length, endMs: from + ((to - from) * (at + 1)) / parts.length });
    }
  }
  return said.sort((a, b) => a.startMs - b.startMs);
}

/** Cues of a few words each, in order of playing. */
export function cuesOf(edit: ClipEdit, words: readonly Word[]): Cue[] {
  const cues: Cue[] = [];
  for (const piece of edit.segments) {
    let open: Cue | null = null;
    for (const one of saidIn(piece, edit, words)) {
      const ends = open && (open.words.length >= MOST_WORDS || one.startMs - open.endMs > PAUSE_MS || /[.!?]$/.test(open.words.at(-1)!.text));
      if (!open || ends) {
        open = { startMs: one.startMs, endMs: one.endMs, words: [] };
        cues.push(open);
      }
      open.words.push({ text: one.text, startMs: one.startMs });
      open.endMs = Math.max(open.endMs, one.endMs);
    }
  }
  return cues;
}

export function cueAt(cues: readonly Cue[], outputMs: number): Cue | null {
  return cues.find((cue) => cue.startMs <= outputMs && outputMs < cue.endMs + 120) ?? null;
}
