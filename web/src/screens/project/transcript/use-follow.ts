/** Marks the word that is said now and keeps it in view, until a person scrolls by hand. */
import { effect, useSignal, type Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { PlayerClock } from "~/components/player";
import { paragraphOf, wordAt, type Paragraph, type Word } from "./paragraphs";

const SCROLL_KEYS = new Set(["PageUp", "PageDown", "Home", "End"]);

export interface Follow {
  following: Signal<boolean>;
  /** Scroll so that a word is in view, drawn or not. */
  toWord: (word: number) => void;
}

export function useFollow(scroller: RefObject<HTMLElement | null>, clock: PlayerClock, words: readonly Word[], paragraphs: readonly Paragraph[], toRow: (row: number) => void): Follow {
  const following = useSignal(true);
  const now = useRef(-1);
  // A word whose row is not drawn yet: it is brought into view as soon as it is.
  const sought = useRef(-1);

  const toWord = useCallback(
    (word: number) => {
      if (elementOf(scroller.current, word)) return bringIntoView(scroller.current, word);
      sought.current = word;
      return toRow(paragraphOf(paragraphs, word));
    },
    [scroller, paragraphs, toRow],
  );

  const mark = () => {
    const box = scroller.current;
    if (!box) return;
    const old = box.querySelector("[data-now]");
    const next = now.current < 0 ? null : box.querySelector(`[data-word="${now.current}"]`);
    if (old === next) return;
    old?.removeAttribute("data-now");
    next?.setAttribute("data-now", "");
  };
  useLayoutEffect(() => {
    mark(); // rows that have just come in do not know yet
    const word = sought.current;
    if (word < 0 || !elementOf(scroller.current, word)) return;
    sought.current = -1;
    bringIntoView(scroller.current, word);
    // Rows above that turn out taller than guessed move it once more.
    requestAnimationFrame(() => bringIntoView(scroller.current, word));
  });

  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const byHand = () => {
      following.value = false;
      sought.current = -1;
    };
    const pressed = (event: KeyboardEvent) => SCROLL_KEYS.has(event.key) && byHand();
    const bar = (event: PointerEvent) => event.target === box && byHand();
    box.addEventListener("wheel", byHand, { passive: true });
    box.addEventListener("touchmove", byHand, { passive: true });
    box.addEventListener("keydown", pressed);
    box.addEventListener("pointerdown", bar);
    return () => {
      box.removeEventListener("wheel", byHand);
      box.removeEventListener("touchmove", byHand);
      box.removeEventListener("keydown", pressed);
      box.removeEventListener("pointerdown", bar);
    };
  }, [scroller, following]);

  useEffect(
    () =>
      effect(() => {
        const word = wordAt(words, clock.ms.value + 20);
        const follows = following.value;
        if (word === now.current && !follows) return;
        const isNew = word !== now.current;
        now.current = word;
        if (isNew) mark();
        if (follows && (isNew || word < 0)) keepInView(scroller.current, word, toWord);
      }),
    [words, clock, toWord, scroller, following],
  );
  return { following, toWord };
}

function elementOf(box: HTMLElement | null, word: number): HTMLElement | null {
  return box?.querySelector<HTMLElement>(`[data-word="${word}"]`) ?? null;
}

/** Scroll at once to a word that is drawn, unless all of it is in view. */
function bringIntoView(box: HTMLElement | null, word: number): void {
  const element = elementOf(box, word);
  if (!box || !element) return;
  const frame = box.getBoundingClientRect();
  const place = element.getBoundingClientRect();
  if (place.top >= frame.top && place.bottom <= frame.bottom) return;
  box.scrollBy({ top: place.top - frame.top - frame.height * 0.25, behavior: "instant" });
}

function keepInView(box: HTMLElement | null, word: number, toWord: (word: number) => void): void {
  if (!box || word < 0) return;
  const element = elementOf(box, word);
  if (!element) return toWord(word);
  const frame = box.getBoundingClientRect();
  const place = element.getBoundingClientRect();
  const isCalm = place.top > frame.top + 24 && place.bottom < frame.top + frame.height * 0.7;
  if (isCalm) return;
  const by = place.top - frame.top - frame.height * 0.25;
  const isNear = Math.abs(by) < frame.height && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.scrollBy({ top: by, behavior: isNear ? "smooth" : "instant" });
}
