/** Which rows of a long list are in the page, and where it is scrolled to. Heights are guessed until they are measured. */
import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { Heights } from "./heights";

const OVER_PX = 500;

interface Rows {
  heights: Heights;
  first: number;
  end: number;
  /** Tell a row's element, to measure it. */
  rowRef: (row: number) => (element: HTMLElement | null) => void;
  /** Scroll so that a row stands at `share` of the window's height. */
  toRow: (row: number, share?: number) => void;
}

export function useRows(scroller: RefObject<HTMLElement | null>, guesses: readonly number[]): Rows {
  const heights = useMemo(() => new Heights(guesses), [guesses]);
  const [, render] = useReducer((count: number) => count + 1, 0);
  const shown = useRef<[number, number]>([0, 0]);
  const elements = useRef(new Map<number, HTMLElement>());
  const size = useRef(600);

  const look = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    const [first, end] = heights.window(box.scrollTop, size.current, OVER_PX);
    if (first === shown.current[0] && end === shown.current[1]) return;
    shown.current = [first, end];
    render(undefined);
  }, [heights, scroller]);

  useLayoutEffect(() => {
    shown.current = [0, 0];
    look();
  }, [look]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    let width = 0;
    const observer = new ResizeObserver(() => {
      size.current = box.clientHeight;
      if (width !== 0 && width !== box.clientWidth) render(undefined);
      width = box.clientWidth;
      look();
    });
    observer.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, [scroller, look]);

  // After each drawing: what stands above the window and turned out taller must not move what is read.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const top = heights.at(box.scrollTop);
    let moved = 0;
    let changed = false;
    for (const [row, element] of elements.current) {
      const change = heights.measure(row, element.offsetHeight);
      if (change !== 0) changed = true;
      if (row < top) moved += change;
    }
    if (moved !== 0) box.scrollTop += moved;
    if (changed) {
      shown.current = heights.window(box.scrollTop, size.current, OVER_PX);
      render(undefined);
    }
  });

  const rowRef = useCallback(
    (row: number) => (element: HTMLElement | null) => {
      if (element) elements.current.set(row, element);
      else elements.current.delete(row);
    },
    [],
  );
  const toRow = useCallback(
    (row: number, share = 0.25) => {
      const box = scroller.current;
      if (!box) return;
      box.scrollTop = Math.max(0, heights.top(row) - size.current * share);
      look();
    },
    [heights, scroller, look],
  );
  return { heights, first: shown.current[0], end: Math.min(shown.current[1], heights.count), rowRef, toRow };
}
