/** Keeps the shown cards as they are on the server: by the stream of events, or by reading where there is none. */
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, call, fetchText } from "~/api/client";
import { listen } from "~/api/events";
import type { Pages } from "~/api/pages";
import { asProblem } from "~/api/problem";
import { applyChange, isAtWork, merge, withProject, type Card, type CardPage, type ProjectChanged } from "./model";

const STREAM = "/v1/events";
const POLL_MS = 3_000;
const POLLED_AT_ONCE = 12;
const SETTLED_MS = 400;
/** At most so often the list is read again for what events do not tell: pictures, cost and time left. */
const READ_EVERY_MS = 5_000;

/** Whether this API has the stream; asked once. */
const hasStream = signal<boolean | null>(null);

async function askForStream(): Promise<void> {
  if (hasStream.value !== null) return;
  try {
    await fetchText(STREAM, { method: "HEAD" });
    hasStream.value = true;
  } catch (error) {
    // Any other refusal passes: the stream itself tries again.
    hasStream.value = ![404, 405].includes(asProblem(error).status);
  }
}

/** `readShown`: as many cards as are shown, by the present filter. */
export function useLive(pages: Pages<Card>, readShown: (count: number) => Promise<CardPage["items"]>): void {
  const newest = useRef({ pages, readShown });
  newest.current = { pages, readShown };
  useEffect(() => void askForStream(), []);
  const streamed = hasStream.value;

  useEffect(() => {
    if (streamed !== true) return undefined;
    let settling: ReturnType<typeof setTimeout> | null = null;
    let readAt = 0;
    const readAgain = () => {
      settling ??= setTimeout(() => {
        settling = null;
        readAt = Date.now();
        const { pages: now, readShown: read } = newest.current;
        const asked = Date.now();
        void read(now.items.length).then((items) => now.update((old) => merge(old, items, Date.now(), asked)), () => undefined);
      }, Math.max(SETTLED_MS, readAt + READ_EVERY_MS - Date.now()));
    };
    const end = listen(STREAM, ["stream.reset", "project.changed"], (name, data) => {
      if (name === "stream.reset") {
        if (data["reason"] !== "opened" || newest.current.pages.items.length > 0) readAgain();
        return;
      }
      const told = data as unknown as ProjectChanged;
      newest.current.pages.update((cards) => applyChange(cards, told));
      if (told.state !== "erased") readAgain();
    });
    return () => {
      end();
      if (settling) clearTimeout(settling);
    };
  }, [streamed]);

  useEffect(() => {
    if (streamed !== false) return undefined;
    let ended = false;
    const control = new AbortController();
    const look = async () => {
      const ids = newest.current.pages.items.filter((card) => isAtWork(card) || needsMore(card)).slice(0, POLLED_AT_ONCE).map((one) => one.project_id);
      if (document.visibilityState === "visible") await Promise.all(ids.map((id) => readOne(id, control.signal, (change) => newest.current.pages.update(change))));
      if (!ended) timer = setTimeout(() => void look(), POLL_MS);
    };
    let timer = setTimeout(() => void look(), 200);
    return () => {
      ended = true;
      control.abort();
      clearTimeout(timer);
    };
  }, [streamed]);
}

/** Whether the list left out what a card shows. */
function needsMore(card: Card): boolean {
  return card.clip_count === undefined;
}

async function readOne(id: string, signal: AbortSignal, update: Pages<Card>["update"]): Promise<void> {
  try {
    const project = await call(api.GET("/v1/projects/{project_id}", { params: { path: { project_id: id } }, signal }));
    update((cards) => cards.map((card) => (card.project_id === id ? withProject(card, project) : card)));
  } catch (error) {
    if ([404, 410].includes(asProblem(error).status)) update((cards) => cards.filter((card) => card.project_id !== id));
  }
}
