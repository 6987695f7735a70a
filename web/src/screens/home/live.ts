/** Keeps the shown cards as they are on the server, by the organisation's one stream of events. */
import { useEffect, useRef } from "preact/hooks";
import { listen } from "~/api/events";
import type { Pages } from "~/api/pages";
import { invalidate } from "~/api/query";
import { applyChange, later, merge, type Card, type ProjectChanged } from "./model";

const STREAM = "/v1/events";
const SETTLED_MS = 400;
/** At most so often the list is read again for what events do not tell: pictures, cost and time left. */
const READ_EVERY_MS = 5_000;

/** `readShown`: as many cards as are shown, by the present filter. */
export function useLive(pages: Pages<Card>, readShown: (count: number) => Promise<Card[]>): void {
  const newest = useRef({ pages, readShown });
  newest.current = { pages, readShown };
  useEffect(() => {
    let settling: ReturnType<typeof setTimeout> | null = null;
    let readAt = 0;
    const readAgain = () => {
      settling ??= setTimeout(() => {
        settling = null;
        readAt = Date.now();
        const { pages: now, readShown: read } = newest.current;
        const count = now.items.length;
        void read(count).then(
          (items) => now.update((old) => [...merge(old, items, Date.now(), readAt), ...later(old, count, items)]),
          () => undefined,
        );
      }, Math.max(SETTLED_MS, readAt + READ_EVERY_MS - Date.now()));
    };
    const end = listen(STREAM, ["stream.reset", "project.changed"], (name, data) => {
      const told = data as unknown as ProjectChanged;
      if (name === "project.changed") newest.current.pages.update((cards) => applyChange(cards, told));
      if (told.state === "failed") invalidate("attention");
      if (told.state !== "erased") readAgain();
    });
    return () => {
      end();
      if (settling) clearTimeout(settling);
    };
  }, []);
}
