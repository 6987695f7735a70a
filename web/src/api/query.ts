/**
 * What was read from the API, kept while some part of the page shows it.
 *
 * A query is named by a key such as `projects/123`. Parts that ask for the same key share one request and one value.
 * `invalidate("projects")` reads again everything below that name; the old value stays on the screen meanwhile.
 */
import { useEffect, useMemo } from "preact/hooks";
import { signal, type Signal } from "@preact/signals";
import { asProblem, type ApiProblem } from "./problem";

export interface Query<T> {
  data: T | undefined;
  problem: ApiProblem | null;
  loading: boolean;
}

interface Entry {
  state: Signal<Query<unknown>>;
  load: (signal: AbortSignal) => Promise<unknown>;
  users: number;
  running: AbortController | null;
  forget: ReturnType<typeof setTimeout> | null;
}

const KEPT_MS = 60_000;
const entries = new Map<string, Entry>();

function run(entry: Entry): Promise<void> {
  entry.running?.abort();
  const running = new AbortController();
  entry.running = running;
  entry.state.value = { ...entry.state.peek(), loading: true };
  return entry.load(running.signal).then(
    (data) => {
      if (entry.running === running) entry.state.value = { data, problem: null, loading: false };
    },
    (error: unknown) => {
      if (entry.running !== running || running.signal.aborted) return;
      entry.state.value = { data: entry.state.peek().data, problem: asProblem(error), loading: false };
    },
  );
}

function entryOf(key: string, load: Entry["load"]): Entry {
  let entry = entries.get(key);
  if (!entry) {
    entry = { state: signal({ data: undefined, problem: null, loading: true }), load, users: 0, running: null, forget: null };
    entries.set(key, entry);
  }
  entry.load = load;
  return entry;
}

/** The value of a key; `null` asks nothing. `load` is the newest one given. */
export function useQuery<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Query<T> & { reload: () => void } {
  const entry = key === null ? null : entryOf(key, load);
  useEffect(() => {
    if (key === null || entry === null) return undefined;
    if (entry.forget) clearTimeout(entry.forget);
    entry.forget = null;
    entry.users += 1;
    if (entry.users === 1) void run(entry);
    return () => {
      entry.users -= 1;
      if (entry.users > 0) return;
      entry.forget = setTimeout(() => {
        entry.running?.abort();
        entries.delete(key);
      }, KEPT_MS);
    };
  }, [key, entry]);
  const reload = useMemo(() => () => void (entry && run(entry)), [entry]);
  const state = (entry?.state.value ?? { data: undefined, problem: null, loading: false }) as Query<T>;
  return { ...state, reload };
}

/** Read again every key that is `prefix` or lies below it. */
export function invalidate(prefix: string): void {
  for (const [key, entry] of entries) {
    if (key !== prefix && !key.startsWith(`${prefix}/`) && !key.startsWith(`${prefix}?`)) continue;
    if (entry.users > 0) void run(entry);
    else entries.delete(key);
  }
}

/** Put a value in place, as an answer of a change brings it. */
export function setQuery<T>(key: string, change: (old: T | undefined) => T): void {
  const entry = entries.get(key);
  if (!entry) return;
  const data = change(entry.state.peek().data as T | undefined);
  entry.state.value = { data, problem: null, loading: false };
}

/** Forget everything: the person or the organisation is another one. */
export function forgetQueries(): void {
  for (const [key, entry] of entries) {
    if (entry.users > 0) void run(entry);
    else entries.delete(key);
  }
}
