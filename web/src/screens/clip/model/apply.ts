/**
 * The edit as it will be after operations that are not saved yet: shown at once, replaced by the server's answer.
 *
 * What needs the server's judgement (hesitations, pauses, earlier versions) is `null`: the page waits for the answer.
 */
import type { Schemas } from "~/api/client";
import { placed, type ClipEdit, type Piece, type Word } from "./clock";
import type { Gaps } from "./gaps";
import { merged } from "./look";

export type Operation = Schemas["EditClip"]["operations"][number];
export type CropKey = Schemas["CropKey"];

export interface Material {
  words: readonly Word[];
  gaps: Gaps;
  /** Versions that this page has seen, to go back to at once. */
  versions?: ReadonlyMap<number, ClipEdit>;
}

const SHORTEST_REST_MS = 500;

/** Later operations applied to an edit; null where the server has to say what they come to. */
export function applied(edit: ClipEdit, operations: readonly Operation[], material: Material): ClipEdit | null {
  let result: ClipEdit = edit;
  for (const operation of operations) {
    const next = applyOne(result, operation, material);
    if (!next || next.segments.length === 0) return null;
    const segments = placed(next.segments);
    result = { ...next, segments, length_ms: segments.at(-1)?.output_end_ms ?? 0 };
  }
  return result;
}

function applyOne(edit: ClipEdit, operation: Operation, material: Material): ClipEdit | null {
  switch (operation.op) {
    case "trim": {
      const { start_ms, end_ms } = operation;
      return changed(edit, operation.segment_id, (piece) => ({
        ...piece,
        start_ms: start_ms == null ? piece.start_ms : material.gaps.nearest(start_ms),
        end_ms: end_ms == null ? piece.end_ms : material.gaps.nearest(end_ms),
      }));
    }
    case "delete_words": {
      const run = material.words.slice(operation.first_word, operation.end_word);
      if (run.length === 0) return null;
      return without(edit, material.gaps.around(run[0]!.start_ms, Math.max(...run.map((word) => word.end_ms))), material);
    }
    case "split": return split(edit, operation.segment_id, material.gaps.nearest(operation.at_ms));
    case "join": return join(edit, operation.segment_id);
    case "move": return moved(edit, operation.segment_id, operation.before ?? null);
    case "insert": {
      const piece = fresh(edit, material.gaps.nearest(operation.start_ms), material.gaps.nearest(operation.end_ms));
      return { ...edit, segments: put(edit.segments, piece, operation.before ?? null) };
    }
    case "remove": return { ...edit, segments: edit.segments.filter((piece) => piece.segment_id !== operation.segment_id) };
    case "speed": return changed(edit, operation.segment_id, (piece) => ({ ...piece, speed: operation.speed }));
    case "mute": return changed(edit, operation.segment_id, (piece) => ({ ...piece, muted: operation.muted ?? true }));
    case "gain": return changed(edit, operation.segment_id, (piece) => ({ ...piece, gain_db: operation.gain_db }));
    case "style": {
      const style = operation.template == null ? null : { template: operation.template, template_version: 0, overrides: operation.overrides ?? {} };
      return changed(edit, operation.segment_id, (piece) => ({ ...piece, style: style as Piece["style"] }));
    }
    case "crop": {
      const { [operation.aspect]: _, ...others } = edit.crops;
      return { ...edit, crops: operation.keys.length === 0 ? others : { ...others, [operation.aspect]: operation.keys } };
    }
    case "look": return { ...edit, look: merged(edit.look, operation.look) };
    case "text": return withText(edit, operation);
    case "restore": {
      const known = material.versions?.get(operation.version);
      return known ? { ...known, version: edit.version } : null;
    }
    default: return null;
  }
}

function changed(edit: ClipEdit, id: string, change: (piece: Piece) => Piece): ClipEdit {
  return { ...edit, segments: edit.segments.map((piece) => (piece.segment_id === id ? change(piece) : piece)) };
}

export function freeId(pieces: readonly Piece[]): string {
  const used = pieces.map((piece) => Number(piece.segment_id.replace(/^s/, ""))).filter(Number.isFinite);
  return `s${Math.max(0, ...used) + 1}`;
}

function fresh(edit: ClipEdit, startMs: number, endMs: number): Piece {
  return {
    segment_id: freeId(edit.segments), start_ms: startMs, end_ms: endMs, speed: 1, muted: false, gain_db: 0, style: null,
    output_start_ms: 0, output_end_ms: 0,
  };
}

function put(pieces: readonly Piece[], piece: Piece, before: string | null): Piece[] {
  const at = before === null ? pieces.length : pieces.findIndex((one) => one.segment_id === before);
  return at < 0 ? [...pieces, piece] : [...pieces.slice(0, at), piece, ...pieces.slice(at)];
}

function moved(edit: ClipEdit, id: string, before: string | null): ClipEdit {
  const piece = edit.segments.find((one) => one.segment_id === id);
  if (!piece) return edit;
  return { ...edit, segments: put(edit.segments.filter((one) => one !== piece), piece, before) };
}

function split(edit: ClipEdit, id: string, atMs: number): ClipEdit | null {
  const at = edit.segments.findIndex((piece) => piece.segment_id === id);
  const piece = edit.segments[at];
  if (!piece || atMs <= piece.start_ms || atMs >= piece.end_ms) return null;
  const second = { ...piece, segment_id: freeId(edit.segments), start_ms: atMs };
  return { ...edit, segments: [...edit.segments.slice(0, at), { ...piece, end_ms: atMs }, second, ...edit.segments.slice(at + 1)] };
}

/** Whether `join` can make one of a segment and the next. */
export function canJoin(piece: Piece | undefined, next: Piece | undefined): boolean {
  if (!piece || !next || next.start_ms < piece.end_ms) return false;
  const look = (one: Piece) => JSON.stringify([one.speed, one.muted, one.gain_db, one.style]);
  return look(piece) === look(next);
}

function join(edit: ClipEdit, id: string): ClipEdit | null {
  const at = edit.segments.findIndex((piece) => piece.segment_id === id);
  const [piece, next] = [edit.segments[at], edit.segments[at + 1]];
  if (!piece || !next || !canJoin(piece, next)) return null;
  return { ...edit, segments: [...edit.segments.slice(0, at), { ...piece, end_ms: next.end_ms }, ...edit.segments.slice(at + 2)] };
}

/** Segments without a range of the source; rests without a word and too short to see go with it. */
function without(edit: ClipEdit, cut: { start_ms: number; end_ms: number }, material: Material): ClipEdit {
  const segments: Piece[] = [];
  for (const piece of edit.segments) {
    if (cut.end_ms <= piece.start_ms || cut.start_ms >= piece.end_ms) {
      segments.push(piece);
      continue;
    }
    const parts = [
      { ...piece, end_ms: Math.min(piece.end_ms, cut.start_ms) },
      { ...piece, start_ms: Math.max(piece.start_ms, cut.end_ms) },
    ].filter((part) => isWorth(part, material.words));
    for (const [number, part] of parts.entries()) {
      segments.push(number === 0 ? part : { ...part, segment_id: freeId([...edit.segments, ...segments]) });
    }
  }
  return { ...edit, segments };
}

function isWorth(part: Piece, words: readonly Word[]): boolean {
  if (part.end_ms <= part.start_ms) return false;
  if (part.end_ms - part.start_ms >= SHORTEST_REST_MS) return true;
  return words.some((word) => {
    const middle = (word.start_ms + word.end_ms) / 2;
    return part.start_ms <= middle && middle < part.end_ms;
  });
}

function withText(edit: ClipEdit, operation: Extract<Operation, { op: "text" }>): ClipEdit {
  const { start_ms, end_ms, text } = operation;
  const others = edit.captions.filter((one) => one.range.end_ms <= start_ms || one.range.start_ms >= end_ms);
  const own = text == null ? [] : [{ range: { start_ms, end_ms }, text }];
  return { ...edit, captions: [...others, ...own].sort((a, b) => a.range.start_ms - b.range.start_ms) };
}
