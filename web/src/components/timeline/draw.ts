/** Draws a timeline's canvases. All lengths are CSS pixels; the caller scales the context to the screen's. */
import { clock } from "~/i18n";
import { columns, type Peaks } from "./peaks";
import type { Lane, Range } from "./types";
import { firstAfter, packed, rulerStep, type View } from "./view";

export const RULER = 20;
const ROW = 14;
const GAP = 4;
const SMALLEST = 1.5;

export interface Colours {
  ink: string;
  soft: string;
  line: string;
  wave: string;
  paper: string;
  accent: string;
  focus: string;
  /** Resolves a colour of the theme, such as `var(--shot)`. */
  of: (name: string) => string;
}

export interface LaneBox {
  lane: Lane;
  top: number;
  rowHeight: number;
  rows: number[];
  height: number;
}

/** Where each lane stands; also says how high everything is. */
export function layLanes(lanes: Lane[], waveHeight: number): { boxes: LaneBox[]; height: number } {
  let top = RULER + waveHeight + GAP;
  const boxes = lanes.map((lane) => {
    const count = lane.rows ?? 1;
    const rowHeight = lane.height ?? ROW;
    const box = { lane, top, rowHeight, rows: count > 1 ? packed(lane.ranges, count) : [], height: count * rowHeight };
    top += box.height + GAP;
    return box;
  });
  return { boxes, height: top };
}

export interface Scene {
  view: View;
  width: number;
  waveHeight: number;
  durationMs: number;
  peaks: Peaks | null;
  boxes: LaneBox[];
  height: number;
  colours: Colours;
}

let kept = new Uint8Array(0);

export function drawScene(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height } = scene;
  context.clearRect(0, 0, width, height);
  drawRuler(context, scene);
  if (scene.peaks) drawWave(context, scene, scene.peaks);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const box of scene.boxes) drawLane(context, scene, box);
}

function drawRuler(context: CanvasRenderingContext2D, { view, width, height, durationMs, colours }: Scene): void {
  const step = rulerStep(view.msPerPx);
  const end = Math.min(durationMs, view.startMs + width * view.msPerPx);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let ms = Math.floor(view.startMs / step) * step; ms <= end; ms += step) {
    const x = Math.round((ms - view.startMs) / view.msPerPx) + 0.5;
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(x, RULER - 6);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = colours.soft;
    context.fillText(clock(ms, step < 1000), x + 4, RULER / 2);
  }
}

function drawWave(context: CanvasRenderingContext2D, { view, width, waveHeight, colours }: Scene, peaks: Peaks): void {
  if (kept.length < width) kept = new Uint8Array(width + 256);
  const heights = columns(peaks, view.startMs, view.msPerPx, Math.ceil(width), kept);
  const middle = RULER + waveHeight / 2;
  context.fillStyle = colours.wave;
  context.beginPath();
  for (let x = 0; x < width; x += 1) {
    const half = Math.max(0.5, (heights[x]! / 255) * (waveHeight / 2 - 2));
    context.rect(x, middle - half, 1, half * 2);
  }
  context.fill();
}

function drawLane(context: CanvasRenderingContext2D, { view, width, colours }: Scene, box: LaneBox): void {
  const { lane } = box;
  const until = view.startMs + width * view.msPerPx;
  const isOrdered = box.rows.length === 0;
  let lastX = -1;
  for (let at = isOrdered ? firstAfter(lane.ranges, view.startMs) : 0; at < lane.ranges.length; at += 1) {
    const range = lane.ranges[at]!;
    if (range.startMs > until) {
      if (isOrdered) break;
      continue;
    }
    if (range.endMs < view.startMs) continue;
    const x = (range.startMs - view.startMs) / view.msPerPx;
    const length = Math.max(SMALLEST, (range.endMs - range.startMs) / view.msPerPx - 1);
    if (isOrdered && length <= SMALLEST && x - lastX < SMALLEST) continue; // far out, thousands fall on one pixel
    lastX = x;
    const top = box.top + (box.rows[at] ?? 0) * box.rowHeight;
    drawRange(context, colours, range, lane, x, top, length, box.rowHeight - 2, width);
  }
  context.globalAlpha = 1;
}

function drawRange(context: CanvasRenderingContext2D, colours: Colours, range: Lane["ranges"][number], lane: Lane, x: number, top: number, length: number, height: number, width: number): void {
  context.globalAlpha = range.level === undefined ? 0.85 : 0.2 + 0.75 * range.level;
  context.fillStyle = colours.of(range.colour ?? lane.colour);
  context.beginPath();
  context.roundRect(x, top, length, height, Math.min(4, length / 2));
  context.fill();
  context.globalAlpha = 1;
  if (range.chosen) {
    context.strokeStyle = colours.focus;
    context.lineWidth = 2;
    context.stroke();
    context.lineWidth = 1;
  }
  if (!range.text || length < 34) return;
  context.save();
  context.beginPath();
  context.rect(x, top, length, height);
  context.clip();
  const left = Math.max(x, 0) + 5;
  context.fillStyle = colours.paper;
  context.globalAlpha = 1;
  if (left < Math.min(width, x + length)) context.fillText(range.text, left, top + height / 2 + 0.5);
  context.restore();
}

/** Playhead, selection and the place below the pointer: drawn each frame while playing, on a canvas of their own. */
export function drawOver(context: CanvasRenderingContext2D, scene: Scene, ms: number, selection: Range | null, hoverMs: number | null): void {
  const { view, width, height, colours } = scene;
  context.clearRect(0, 0, width, height);
  const xOf = (at: number) => (at - view.startMs) / view.msPerPx;
  if (selection) {
    const from = xOf(selection.startMs);
    const to = xOf(selection.endMs);
    context.globalAlpha = 0.22;
    context.fillStyle = colours.accent;
    context.fillRect(from, RULER, to - from, height - RULER);
    context.globalAlpha = 1;
    for (const x of [from, to]) {
      context.fillRect(x - 1.5, RULER, 3, height - RULER);
      context.beginPath();
      context.roundRect(x - 5, RULER, 10, 14, 3);
      context.fill();
    }
  }
  if (hoverMs !== null) {
    context.globalAlpha = 0.5;
    context.fillStyle = colours.soft;
    context.fillRect(Math.round(xOf(hoverMs)), 0, 1, height);
    context.globalAlpha = 1;
  }
  const x = xOf(ms);
  if (x < -6 || x > width + 6) return;
  context.fillStyle = colours.focus;
  context.fillRect(x - 1, 0, 2, height);
  context.beginPath();
  context.moveTo(x - 6, 0);
  context.lineTo(x + 6, 0);
  context.lineTo(x, 9);
  context.fill();
}
