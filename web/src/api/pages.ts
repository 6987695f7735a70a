/** Lists that come in pages by a cursor. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type ApiProblem } from "./problem";

export interface Page<T> {
  items: T[];
  next_cursor?: string | null | undefined;
}

export interface Pages<T> {
  items: T[];
  loading: boolean;
  problem: ApiProblem | null;
  hasMore: boolean;
  more: () => void;
  reload: () => void;
  /** Change items in place, as live events bring them. */
  update: (change: (items: T[]) => T[]) => void;
}

/** Pages of one list; `key` names the filter: another key begins anew. */
export function usePages<T>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
): Pages<T> {
  const [state, setState] = useState<{ items: T[]; cursor: string | null | undefined; loading: boolean; problem: ApiProblem | null }>(
    { items: [], cursor: undefined, loading: true, problem: null },
  );
  const running = useRef<AbortController | null>(null);
  const newest = useRef(load);
  newest.current = load;

  const read = useCallback((cursor: string | undefined) => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setState((old) => ({ ...old, loading: true, problem: null }));
    newest.current(cursor, control.signal).then(
      (page) => {
        if (control.signal.aborted) return;
        setState((old) => ({
          items: cursor ? [...old.items, ...page.items] : page.items,
          cursor: page.next_cursor ?? null,
          loading: false,
          problem: null,
        }));
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        setState((old) => ({ ...old, loading: false, problem: asProblem(error) }));
      },
    );
  }, []);

  useEffect(() => {
    read(undefined);
    return () => running.current?.abort();
  }, [key, read]);

  return {
    items: state.items,
    loading: state.loading,
    problem: state.problem,
    hasMore: Boolean(state.cursor),
    more: () => state.cursor && !state.loading && read(state.cursor),
    reload: () => read(undefined),
    update: (change) => setState((old) => ({ ...old, items: change(old.items) })),
  };
}
