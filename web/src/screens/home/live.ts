/** Keeps the shown cards as they are on the server, by the organisation's one stream of events. */
import { useCallback, useEffect, useRef } from "preact/hooks";
import { listen } from "~/api/events";
import { invalidate } from "~/api/query";
import type { Cards } from "./cards";
import { applyChange, touched, type Filters, type ProjectChanged } from "./model";

const STREAM = "/v1/events";
const SETTLED_MS = 400;
/** At most so often, and so many pages at once, are read again for what events do not tell: pictures, cost, time left. */
const READ_EVERY_MS = 5_000;
const MOST_AT_ONCE = 3;

/** Reads again the pages on which something changed. Returns what asks for the page that holds a project. */
export function useLive(cards: Cards, filters: Filters): (projectId: string) => void {
  const newest = useRef({ cards, filters });
  newest.current = { cards, filters };
  const asking = useRef<((cursors: (string | null)[]) => void) | null>(null);
  useEffect(() => {
    const wanted = new Set<string | null>();
    let timer: ReturnType<typeof setTimeout> | null = null;
    let readAt = 0;
    const readSome = () => {
      timer = null;
      readAt = Date.now();
      const { cards: now } = newest.current;
      const some = now.parts.map((part) => part.cursor).filter((cursor) => wanted.has(cursor)).slice(0, MOST_AT_ONCE);
      if (some.length === 0) wanted.clear(); // pages of another filter
      for (const cursor of some) {
        wanted.delete(cursor);
        now.renewPart(cursor).catch(() => undefined);
      }
      if (wanted.size > 0) ask([]);
    };
    const ask = (cursors: (string | null)[]) => {
      for (const cursor of cursors) wanted.add(cursor);
      if (wanted.size > 0) timer ??= setTimeout(readSome, Math.max(SETTLED_MS, readAt + READ_EVERY_MS - Date.now()));
    };
    asking.current = ask;
    const end = listen(STREAM, ["stream.reset", "project.changed"], (name, data) => {
      const { cards: now, filters: by } = newest.current;
      if (name === "stream.reset") return ask(now.parts.map((part) => part.cursor));
      const told = data as unknown as ProjectChanged;
      now.update((old) => applyChange(old, told));
      if (told.state === "failed") invalidate("attention");
      ask(touched(now.parts, told, by));
    });
    return () => {
      end();
      asking.current = null;
      if (timer) clearTimeout(timer);
    };
  }, []);
  return useCallback((projectId) => {
    const holder = newest.current.cards.parts.find((part) => part.cards.some((one) => one.project_id === projectId));
    if (holder) asking.current?.([holder.cursor]);
  }, []);
}
