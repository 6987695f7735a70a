/** Which key does what in a player, and when a key belongs to something else. */
import type { PlayerClock } from "./clock";

const JUMP_MS = 5_000;
const SMALL_JUMP_MS = 1_000;
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** Whether keys go into what has the focus: fields, open dialogs and menus. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof Element ? target : null;
  if (document.querySelector("dialog[open]")) return true;
  return element?.closest("input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=menu]") != null;
}

export function nextRate(rate: number, way: 1 | -1): number {
  const at = RATES.findIndex((one) => one >= rate);
  return RATES[Math.min(RATES.length - 1, Math.max(0, (at < 0 ? RATES.length - 1 : at) + way))]!;
}

export { RATES };

/** Do what a key asks for; false where it means nothing to a player. */
export function playerKey(event: KeyboardEvent, clock: PlayerClock, fullScreen: () => void): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return false;
  const target = event.target instanceof Element ? event.target : null;
  const key = event.key.toLowerCase();
  if (key === " ") {
    if (target?.closest("button, a, input, summary, [role=button]:not([data-word])")) return false;
    clock.toggle();
    return true;
  }
  if (key === "arrowleft" || key === "arrowright") {
    if (target?.closest("input, [role=tablist], [role=radiogroup], fieldset")) return false;
    const length = event.shiftKey ? SMALL_JUMP_MS : JUMP_MS;
    clock.seek(clock.ms.peek() + (key === "arrowleft" ? -length : length));
    return true;
  }
  const plain: Record<string, () => void> = {
    j: () => clock.shuttle("j"),
    k: () => clock.shuttle("k"),
    l: () => clock.shuttle("l"),
    ",": () => clock.step(-1),
    ".": () => clock.step(1),
    "<": () => clock.setRate(nextRate(clock.rate.peek(), -1)),
    ">": () => clock.setRate(nextRate(clock.rate.peek(), 1)),
    m: () => clock.setMuted(!clock.muted.peek()),
    f: fullScreen,
  };
  const run = plain[key];
  if (!run) return false;
  run();
  return true;
}
