/** Words that a person has chosen in the transcript, by pointer, touch or Shift and arrows. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { WordRun } from "./speaker-edits";

const SETTLED_MS = 150;

export interface Chosen {
  run: WordRun | null;
  /** Choose from where the choice began (or `from`) to a word. */
  extend: (from: number, to: number) => void;
  clear: () => void;
}

function spanOf(one: number, two: number): WordRun {
  return { first_word: Math.min(one, two), end_word: Math.max(one, two) + 1 };
}

/** The word that a part of the page belongs to. */
export function wordOf(target: EventTarget | null): number | null {
  const element = target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
  const found = element?.closest<HTMLElement>("[data-word]");
  return found ? Number(found.dataset["word"]) : null;
}

export function useChosen(scroller: RefObject<HTMLElement | null>, onChoose: (run: WordRun) => void): Chosen {
  const [run, setRun] = useState<WordRun | null>(null);
  const anchor = useRef<number | null>(null);
  const newest = useRef(onChoose);
  newest.current = onChoose;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      const selection = document.getSelection();
      if (!selection || selection.isCollapsed || !scroller.current?.contains(selection.anchorNode)) return;
      const [one, two] = [wordOf(selection.anchorNode), wordOf(selection.focusNode)];
      if (one === null || two === null) return;
      anchor.current = one;
      const span = spanOf(one, two);
      setRun(span);
      newest.current(span);
    };
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(read, SETTLED_MS);
    };
    document.addEventListener("selectionchange", changed);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("selectionchange", changed);
    };
  }, [scroller]);
  const extend = (from: number, to: number) => {
    anchor.current ??= from;
    setRun(spanOf(anchor.current, to));
  };
  const clear = () => {
    anchor.current = null;
    setRun(null);
    if (scroller.current?.contains(document.getSelection()?.anchorNode ?? null)) document.getSelection()?.removeAllRanges();
  };
  return { run, extend, clear };
}
