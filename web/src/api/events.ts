/** Server-sent events with the session's cookie, opened again after a break; one stream for all that listen to a path. */
import { refreshSession } from "./client";

export type Listener = (name: string, data: Record<string, unknown>, id: string) => void;

interface Stream {
  source: EventSource | null;
  listeners: Set<Listener>;
  names: Set<string>;
  retry: ReturnType<typeof setTimeout> | null;
  fails: number;
}

const LONGEST_WAIT_MS = 30_000;
const streams = new Map<string, Stream>();

function open(path: string, stream: Stream): void {
  const source = new EventSource(path);
  stream.source = source;
  source.onopen = () => {
    stream.fails = 0;
  };
  source.onerror = () => {
    // The browser itself goes on after a break; it gives up at a refusal, as that of a session which must be refreshed.
    if (source.readyState !== EventSource.CLOSED || stream.source !== source) return;
    stream.fails += 1;
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(stream.fails, 6));
    stream.retry = setTimeout(() => {
      void refreshSession().catch(() => false).finally(() => stream.listeners.size > 0 && open(path, stream));
    }, wait);
  };
  for (const name of stream.names) attach(source, stream, name);
}

function attach(source: EventSource, stream: Stream, name: string): void {
  source.addEventListener(name, (event) => {
    let data: Record<string, unknown>;
    try {
      data = JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>;
    } catch {
      return;
    }
    for (const listener of stream.listeners) listener(name, data, (event as MessageEvent).lastEventId);
  });
}

/** Listen to events of these names; returns what ends it. The stream closes with its last listener. */
export function listen(path: string, names: string[], listener: Listener): () => void {
  let stream = streams.get(path);
  if (!stream) {
    stream = { source: null, listeners: new Set(), names: new Set(), retry: null, fails: 0 };
    streams.set(path, stream);
  }
  const own: Listener = (name, data, id) => {
    if (names.includes(name)) listener(name, data, id);
  };
  stream.listeners.add(own);
  for (const name of names) {
    if (stream.names.has(name)) continue;
    stream.names.add(name);
    if (stream.source) attach(stream.source, stream, name);
  }
  if (!stream.source) open(path, stream);
  return () => {
    stream.listeners.delete(own);
    if (stream.listeners.size > 0) return;
    stream.source?.close();
    stream.source = null;
    if (stream.retry) clearTimeout(stream.retry);
    streams.delete(path);
  };
}
