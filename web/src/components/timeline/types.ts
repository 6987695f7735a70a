/** What a timeline is made of. */
import type { ReadonlySignal } from "@preact/signals";
import type { Peaks } from "./peaks";

export interface Range {
  startMs: number;
  endMs: number;
}

export interface LaneRange extends Range {
  id: string;
  /** What it is, in words, as a keyboard or a screen reader finds it. */
  label: string;
  /** Drawn into it where there is room. */
  text?: string | undefined;
  /** A colour of the theme, such as `var(--shot)`; without one the lane's. */
  colour?: string | undefined;
  /** 0..1: how strongly it is drawn, as a score; without one fully. */
  level?: number | undefined;
  /** Drawn with a frame around it. */
  chosen?: boolean | undefined;
}

export interface Lane {
  id: string;
  /** Its name at the edge. */
  label: string;
  colour: string;
  /** In order of time where `rows` is 1. */
  ranges: LaneRange[];
  /** Rows for ranges that overlap; 1 without. */
  rows?: number;
  /** Height of a row in px; 14 without. */
  height?: number;
}

export interface TimelineProps {
  /** Length of the whole, in ms. */
  durationMs: number;
  /** Place of the playhead: a `PlayerClock`, or anything with such a signal. */
  clock: { ms: ReadonlySignal<number>; playing?: ReadonlySignal<boolean> };
  /** Null: no sound, or not there yet. */
  peaks: Peaks | null;
  lanes: Lane[];
  /** The range between the handles; null: none. */
  selection?: Range | null;
  /** A drag on the waveform, a handle or its keys; null: taken away by Escape. Without it nothing can be selected. */
  onSelect?: (range: Range | null) => void;
  /** Told once where a drag or a key press ends: one step of undo. */
  onSelected?: (range: Range) => void;
  onSeek: (ms: number) => void;
  /** A range of a lane was chosen by click, Enter or Space. */
  onChoose?: (lane: string, range: LaneRange) => void;
  /** Moves an end of the selection to what is near: a word, a shot. */
  snap?: (ms: number) => number;
  /** Bounds of a selection's length, in ms. */
  shortestMs?: number;
  longestMs?: number;
  /** Name of the whole. */
  label: string;
  /** Buttons at the head, before those of the zoom. */
  tools?: preact.ComponentChildren;
  /** Height of the waveform in px; 56 without. */
  waveHeight?: number;
  /** Keys + − 0 zoom from anywhere on the page (default), but not from fields. */
  keys?: boolean;
}
