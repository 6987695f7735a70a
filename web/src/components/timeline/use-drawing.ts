/** Keeps both canvases up to date: the scene when it changes, the playhead each frame that it moves. */
import { effect, type ReadonlySignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { drawOver, drawScene, type Colours, type LaneBox, type Scene } from "./draw";
import type { Peaks } from "./peaks";
import type { Range } from "./types";
import type { TimelineView } from "./use-view";

interface Drawn {
  view: TimelineView;
  durationMs: number;
  waveHeight: number;
  peaks: Peaks | null;
  boxes: LaneBox[];
  height: number;
  colours: Colours;
  selection: Range | null;
  hoverMs: ReadonlySignal<number | null>;
  ms: ReadonlySignal<number>;
}

/** Size a canvas for the screen's pixels; returns a context in CSS pixels. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const scale = window.devicePixelRatio || 1;
  const wide = Math.round(width * scale);
  const high = Math.round(height * scale);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

export function useDrawing(base: RefObject<HTMLCanvasElement | null>, over: RefObject<HTMLCanvasElement | null>, drawn: Drawn): void {
  const { view, durationMs, waveHeight, peaks, boxes, height, colours, selection, hoverMs, ms } = drawn;
  useEffect(() => {
    let frame = 0;
    let isStale = true;
    const paint = () => {
      frame = 0;
      const width = view.width.peek();
      if (!base.current || !over.current || width === 0) return;
      const scene: Scene = { view: view.peek(), width, waveHeight, durationMs, peaks, boxes, height, colours };
      if (isStale) {
        const context = sized(base.current, width, height);
        if (context) drawScene(context, scene);
        isStale = false;
      }
      const context = sized(over.current, width, height);
      if (context) drawOver(context, scene, ms.peek(), selection, hoverMs.peek());
    };
    const ask = () => {
      frame ||= requestAnimationFrame(paint);
    };
    const ends = [
      effect(() => {
        void [view.startMs.value, view.msPerPx.value, view.width.value];
        isStale = true;
        ask();
      }),
      effect(() => {
        void [ms.value, hoverMs.value];
        ask();
      }),
    ];
    return () => {
      cancelAnimationFrame(frame);
      for (const end of ends) end();
    };
  }, [base, over, view, durationMs, waveHeight, peaks, boxes, height, colours, selection, hoverMs, ms]);
}
