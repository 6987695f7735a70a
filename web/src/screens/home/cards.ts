/** The cards of Home, page by page: more of them as one scrolls, and each page is read again when something on it changed. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { asProblem, type ApiProblem } from "~/api/problem";
import { changeParts, queryOf, renew, type Card, type CardPage, type Filters, type Part } from "./model";

/** The first page is seen soonest where it is short; the others are as long as the API allows. */
const FIRST_PAGE = 24;
const LARGEST_PAGE = 100;
/** So many more than before are read again of a page, to see what came in. */
const SPARE = 8;

export interface Cards {
  parts: Part[];
  items: Card[];
  /** What is being read: the list from its start, or a further page. */
  loading: "start" | "more" | null;
  problem: ApiProblem | null;
  hasMore: boolean;
  more: () => void;
  /** Ask again for what was refused. */
  retry: () => void;
  /** Change cards in place. */
  update: (change: (cards: Card[]) => Card[]) => void;
  /** Read one page again. */
  renewPart: (cursor: string | null) => Promise<void>;
}

interface State {
  parts: Part[];
  next: string | null;
  loading: Cards["loading"];
  problem: ApiProblem | null;
}

const NOTHING: State = { parts: [], next: null, loading: "start", problem: null };

function readPage({ state, tag, q, order }: Filters, cursor: string | null, limit: number, signal: AbortSignal): Promise<CardPage> {
  const query = { limit, cursor: cursor ?? undefined, order, state: state || undefined, tag: tag || undefined, q: q.trim() || undefined };
  return call(api.GET("/v1/projects", { params: { query }, signal }));
}

export function useCards(filters: Filters): Cards {
  const [state, setState] = useState(NOTHING);
  const newest = useRef({ state, filters });
  newest.current = { state, filters };
  const key = queryOf(filters);
  const running = useRef<AbortController | null>(null);
  // Ends with the filter: what was asked for by another one is not put among the cards of this.
  const life = useRef(new AbortController());

  const last = useRef<[string | null, "start" | "more"]>([null, "start"]);

  const read = useCallback((cursor: string | null, loading: "start" | "more") => {
    last.current = [cursor, loading];
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setState((old) => ({ ...old, loading, problem: null }));
    readPage(newest.current.filters, cursor, cursor === null ? FIRST_PAGE : LARGEST_PAGE, control.signal).then(
      ({ items, next_cursor }) => {
        if (control.signal.aborted) return;
        setState((old) => {
          const before = cursor === null ? [] : old.parts;
          const known = new Set(before.flatMap((part) => part.cards.map((one) => one.project_id)));
          const cards = items.filter((one) => !known.has(one.project_id));
          return { parts: [...before, { cursor, cards }], next: next_cursor ?? null, loading: null, problem: null };
        });
      },
      (error: unknown) => {
        if (!control.signal.aborted) setState((old) => ({ ...old, loading: null, problem: asProblem(error) }));
      },
    );
  }, []);

  useEffect(() => {
    life.current = new AbortController();
    read(null, "start");
    return () => {
      life.current.abort();
      running.current?.abort();
    };
  }, [key, read]);

  const renewPart = useCallback(async (cursor: string | null) => {
    const { signal } = life.current;
    const { filters: asked, state: before } = newest.current;
    const count = before.parts.find((part) => part.cursor === cursor)?.cards.length ?? 0;
    const at = Date.now();
    const page = await readPage(asked, cursor, Math.min(LARGEST_PAGE, Math.max(FIRST_PAGE, count + SPARE)), signal);
    if (!signal.aborted) setState((old) => ({ ...old, parts: renew(old.parts, cursor, page, asked.order, at) }));
  }, []);
  const more = useCallback(() => {
    const { next, loading } = newest.current.state;
    if (next !== null && loading === null) read(next, "more");
  }, [read]);
  const retry = useCallback(() => read(...last.current), [read]);
  const update = useCallback((change: (cards: Card[]) => Card[]) => setState((old) => {
    const parts = changeParts(old.parts, change);
    return parts === old.parts ? old : { ...old, parts };
  }), []);
  const items = useMemo(() => state.parts.flatMap((part) => part.cards), [state.parts]);
  return { parts: state.parts, items, loading: state.loading, problem: state.problem, hasMore: state.next !== null, more, retry, update, renewPart };
}
