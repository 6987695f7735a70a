/** Selecting words by pointer and keyboard. The focus walks over the words; with Shift it takes them along. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Editor } from "../model/editor";

function wordOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>(".word") : null;
}

export function useWordKeys(editor: Editor, root: { current: HTMLDivElement | null }, canEdit: boolean) {
  const focused = useSignal<string | null>(null);
  const anchor = useRef<number | null>(null);
  const dragging = useRef(false);

  const select = (from: number, to: number) => {
    editor.selection.value = { first: Math.min(from, to), end: Math.max(from, to) + 1 };
  };
  const focus = (word: HTMLElement) => {
    focused.value = word.dataset["id"] ?? null;
    word.focus({ preventScroll: false });
  };
  const numberOf = (word: HTMLElement) => Number(word.dataset["word"]);

  useEffect(() => {
    const up = () => (dragging.current = false);
    window.addEventListener("pointerup", up);
    return () => window.removeEventListener("pointerup", up);
  }, []);

  const onPointerDown = (event: PointerEvent) => {
    const word = wordOf(event.target);
    if (!word || event.button !== 0) return;
    event.preventDefault();
    focus(word);
    dragging.current = true;
    if (!event.shiftKey || anchor.current === null) anchor.current = numberOf(word);
    select(anchor.current, numberOf(word));
    if (!event.shiftKey && !word.classList.contains("is-cut")) editor.player.seek(Number(word.dataset["at"]));
  };
  const onPointerOver = (event: PointerEvent) => {
    const word = wordOf(event.target);
    if (!dragging.current || !word || anchor.current === null || (event.buttons & 1) === 0) return;
    select(anchor.current, numberOf(word));
  };
  const walk = (from: HTMLElement, to: HTMLElement, extend: boolean) => {
    focus(to);
    if (editor.selection.peek() === null) anchor.current = null; // a selection that was used up extends no more
    if (!extend) anchor.current = numberOf(to);
    anchor.current ??= numberOf(from);
    select(anchor.current, numberOf(to));
    if (!extend && !to.classList.contains("is-cut") && !editor.player.playing.peek()) editor.player.seek(Number(to.dataset["at"]));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const word = wordOf(event.target);
    if (!word) return;
    const all = [...(root.current?.querySelectorAll<HTMLElement>(".word") ?? [])];
    const at = all.indexOf(word);
    const to = target(event, all, at);
    if (to !== null) {
      const found = all[Math.min(Math.max(to, 0), all.length - 1)];
      if (found) walk(word, found, event.shiftKey);
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      anchor.current = numberOf(all[0]!);
      select(anchor.current, numberOf(all.at(-1)!));
    } else if (event.key === "Escape") editor.selection.value = null;
    else if ((event.key === "Delete" || event.key === "Backspace") && canEdit) cutFrom(all, at);
    else if (event.key === "Enter" && canEdit) editor.restore();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const cutFrom = (all: HTMLElement[], at: number) => {
    const [id, number] = [all[at]!.dataset["id"], numberOf(all[at]!)];
    anchor.current = null;
    editor.cut();
    // The word stays in the text, struck through, and keeps the focus; at an end of the clip it is gone, and its neighbour has it.
    requestAnimationFrame(() => {
      const words = [...(root.current?.querySelectorAll<HTMLElement>(".word") ?? [])];
      const again = words.find((one) => one.dataset["id"] === id) ?? words.find((one) => numberOf(one) === number) ?? words.find((one) => numberOf(one) > number) ?? words.at(-1);
      if (again) focus(again);
    });
  };
  return { focused, handlers: { onPointerDown, onPointerOver, onKeyDown } };
}

/** Where a key leads; null: nowhere. */
function target(event: KeyboardEvent, all: HTMLElement[], at: number): number | null {
  const forward = document.documentElement.dir === "rtl" ? -1 : 1;
  switch (event.key) {
    case "ArrowRight": return at + forward;
    case "ArrowLeft": return at - forward;
    case "ArrowDown": return lineFrom(all, at, 1);
    case "ArrowUp": return lineFrom(all, at, -1);
    case "Home": return 0;
    case "End": return all.length - 1;
    default: return null;
  }
}

function lineFrom(all: HTMLElement[], at: number, direction: 1 | -1): number {
  const here = all[at]!.getBoundingClientRect();
  let best = at;
  let line: number | null = null;
  for (let to = at + direction; to >= 0 && to < all.length; to += direction) {
    const box = all[to]!.getBoundingClientRect();
    if (Math.abs(box.top - here.top) < here.height / 2) continue;
    if (line === null) line = box.top;
    if (Math.abs(box.top - line) > here.height / 2) break;
    if (best === at || Math.abs(box.left - here.left) < Math.abs(all[best]!.getBoundingClientRect().left - here.left)) best = to;
  }
  return best;
}
