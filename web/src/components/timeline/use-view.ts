/** The part that is shown, tied to a scroll box: the browser scrolls, the canvas follows. */
import { useSignal, type Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useMemo } from "preact/hooks";
import { clamped, widest, zoomed, type View } from "./view";

export interface TimelineView {
  width: Signal<number>;
  msPerPx: Signal<number>;
  startMs: Signal<number>;
  /** Twice as close: factor 2; `atMs` stays where it is. */
  zoom: (factor: number, atMs: number) => void;
  all: () => void;
  /** Bring a place into view, at a tenth of the width. */
  reveal: (fromMs: number, toMs?: number) => void;
  peek: () => View;
}

export function useView(durationMs: number, scroller: RefObject<HTMLElement | null>, space: RefObject<HTMLElement | null>): TimelineView {
  const width = useSignal(0);
  const msPerPx = useSignal(0);
  const startMs = useSignal(0);

  const peek = useCallback((): View => ({ startMs: startMs.peek(), msPerPx: msPerPx.peek() }), [startMs, msPerPx]);
  const show = useCallback(
    (wanted: View) => {
      const next = clamped(wanted, durationMs, width.peek());
      if (space.current) space.current.style.inlineSize = `${durationMs / next.msPerPx}px`;
      msPerPx.value = next.msPerPx;
      startMs.value = next.startMs;
      if (scroller.current) scroller.current.scrollLeft = next.startMs / next.msPerPx;
    },
    [durationMs, scroller, space, width, msPerPx, startMs],
  );

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const measure = () => {
      const old = width.peek();
      const isWhole = old === 0 || msPerPx.peek() >= widest(durationMs, old) * 0.999;
      width.value = box.clientWidth;
      show(isWhole ? { startMs: 0, msPerPx: widest(durationMs, box.clientWidth) } : peek());
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    const scrolled = () => {
      startMs.value = box.scrollLeft * msPerPx.peek();
    };
    box.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", scrolled);
    };
  }, [durationMs, scroller, show, peek, width, msPerPx, startMs]);

  return useMemo(
    () => ({
      width,
      msPerPx,
      startMs,
      peek,
      zoom: (factor, atMs) => {
        const view = peek();
        const x = Math.min(width.peek(), Math.max(0, (atMs - view.startMs) / view.msPerPx));
        show(zoomed(view, factor, x, durationMs, width.peek()));
      },
      all: () => show({ startMs: 0, msPerPx: widest(durationMs, width.peek()) }),
      reveal: (fromMs, toMs = fromMs) => {
        const view = peek();
        const length = width.peek() * view.msPerPx;
        if (fromMs >= view.startMs && toMs <= view.startMs + length) return;
        show({ ...view, startMs: fromMs - length / 10 });
      },
    }),
    [durationMs, peek, show, width, msPerPx, startMs],
  );
}
