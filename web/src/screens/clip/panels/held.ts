/** A value that is dragged or typed: shown while it moves, and saved as one change once it is let go or rests. */
import { useEffect, useRef, useState } from "preact/hooks";

const REST_MS = 600;

export interface Held<T> {
  value: T;
  move: (value: T) => void;
  /** The pointer holds it: nothing is saved until `release`. */
  hold: () => void;
  release: () => void;
}

export function useHeld<T>(saved: T, save: (value: T) => void, show: (value: T) => void = () => {}): Held<T> {
  const [held, setHeld] = useState<{ value: T } | null>(null);
  const latest = useRef<{ value: T } | null>(null);
  const holding = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const saving = useRef(save);
  saving.current = save;
  const release = () => {
    holding.current = false;
    clearTimeout(timer.current);
    const last = latest.current;
    latest.current = null;
    if (!last) return;
    setHeld(null);
    saving.current(last.value);
  };
  const move = (value: T) => {
    latest.current = { value };
    setHeld(latest.current);
    show(value);
    clearTimeout(timer.current);
    if (!holding.current) timer.current = setTimeout(release, REST_MS);
  };
  const hold = () => {
    holding.current = true;
  };
  useEffect(() => release, []);
  return { value: held ? held.value : saved, move, hold, release };
}
