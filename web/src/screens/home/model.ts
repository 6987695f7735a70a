/** Projects as the cards of Home show them. */
import type { Schemas } from "~/api/client";

export type State = Schemas["ProjectCard"]["state"];
export const STATES: State[] = ["running", "queued", "completed", "failed", "cancelled"];
export type Order = "newest" | "oldest";

export type CardStage = Schemas["ProjectCard"]["stages"][number];
export type StageName = CardStage["stage"];

export type Card = Schemas["ProjectCard"] & {
  /** Greater is newer; of the stream of events. */
  version?: number;
  /** When the stream last told of it. */
  told_at?: number;
};

export interface CardPage {
  items: Card[];
  next_cursor?: string | null | undefined;
}

const SHOWN_STAGES: StageName[] = ["ingest", "listen", "close", "look", "study", "detect", "frame", "render"];

/** The stages that a person waits for, in their order. */
export function shownStages(stages: readonly CardStage[]): CardStage[] {
  return SHOWN_STAGES.flatMap((name) => stages.filter((one) => one.stage === name));
}

export function isAtWork(card: Pick<Card, "state">): boolean {
  return card.state === "queued" || card.state === "running";
}

/** What an event `project.changed` says. */
export interface ProjectChanged {
  project_id: string;
  version: number;
  state: State | "erased";
  title: string;
  percent: number;
  stage: StageName | null;
  stages: CardStage[];
  clip_count: number;
  duration_ms: number | null;
  failure: { reason: string; detail: string } | null;
  finished_at: string | null;
  revision: number;
}

/** Cards after an event; an older one than what is known changes nothing. */
export function applyChange(cards: Card[], told: ProjectChanged, now: number = Date.now()): Card[] {
  const at = cards.findIndex((one) => one.project_id === told.project_id);
  const card = cards[at];
  if (!card || (card.version ?? -1) >= told.version) return cards;
  if (told.state === "erased") return cards.filter((one) => one.project_id !== told.project_id);
  const { project_id: _, state, ...rest } = told;
  const next = { ...card, ...rest, state, told_at: now, time_left: isAtWork({ state }) ? card.time_left : null };
  return cards.map((one, place) => (place === at ? next : one));
}

const PICTURE_LEFT_MS = 60_000;

/** The address of a picture that is shown already and still valid, else the new one: the same picture is not loaded anew. */
function pictureOf(old: Card | undefined, read: Card, now: number): Pick<Card, "thumbnail_url" | "thumbnail_expires_at"> {
  const place = (url: string | null | undefined) => url?.split("?")[0];
  const valid = old?.thumbnail_expires_at && new Date(old.thumbnail_expires_at).getTime() - now > PICTURE_LEFT_MS;
  const { thumbnail_url, thumbnail_expires_at } = valid && place(old.thumbnail_url) === place(read.thumbnail_url) ? old : read;
  return { thumbnail_url, thumbnail_expires_at };
}

/**
 * The same cards read again: what only events or single reads told stays where the list is silent.
 *
 * `asked`: when the list was asked for. What the stream told since then is newer than the list.
 */
export function merge(old: readonly Card[], read: readonly Card[], now: number = Date.now(), asked: number = now): Card[] {
  const known = new Map(old.map((one) => [one.project_id, one]));
  return read.map((one) => {
    const before = known.get(one.project_id);
    const newer = before && (before.told_at ?? 0) > asked ? before : {};
    const next = { ...before, ...one, ...newer, ...pictureOf(before, one, now) };
    return before && JSON.stringify(before) === JSON.stringify(next) ? before : next;
  });
}

/** A page of the list as it was read; `cursor` led to it, null to the first. */
export interface Part {
  cursor: string | null;
  cards: Card[];
}

/** Parts with `change` made to the cards of each; a part without a change stays the same object. */
export function changeParts(parts: Part[], change: (cards: Card[]) => Card[]): Part[] {
  const next = parts.map((part) => {
    const cards = change(part.cards);
    return cards === part.cards ? part : { ...part, cards };
  });
  return next.some((part, at) => part !== parts[at]) ? next : parts;
}

/** Whether a card stands behind another one in this order. */
function isBehind(card: Card, other: Card, order: Order): boolean {
  const later = Date.parse(card.created_at) - Date.parse(other.created_at);
  return order === "newest" ? later < 0 : later > 0;
}

/**
 * Parts after the one at `cursor` was read again; `asked`: when it was asked for.
 *
 * Cards that no longer fit go. New ones push others behind the end of what was read: those become a part of their own.
 */
export function renew(parts: Part[], cursor: string | null, read: CardPage, order: Order, asked: number, now: number = Date.now()): Part[] {
  const at = parts.findIndex((part) => part.cursor === cursor);
  const old = parts[at];
  if (!old) return parts;
  const others = new Set(parts.flatMap((part) => (part === old ? [] : part.cards.map((one) => one.project_id))));
  const found = new Set(read.items.map((one) => one.project_id));
  const cards = merge(old.cards, read.items.filter((one) => !others.has(one.project_id)), now, asked);
  const last = read.items.at(-1);
  const pushed = last && read.next_cursor ? old.cards.filter((one) => !found.has(one.project_id) && isBehind(one, last, order)) : [];
  const behind = read.next_cursor && pushed.length > 0 ? [{ cursor: read.next_cursor, cards: pushed }] : [];
  return [...parts.slice(0, at), { cursor, cards }, ...behind, ...parts.slice(at + 1)];
}

/** Cursors of the parts that an event asks to read again: the one that holds its project, else where it may have come in. */
export function touched(parts: readonly Part[], told: Pick<ProjectChanged, "project_id" | "state" | "title">, filters: Filters): (string | null)[] {
  if (told.state === "erased") return [];
  const holder = parts.find((part) => part.cards.some((one) => one.project_id === told.project_id));
  if (holder) return [holder.cursor];
  const fits = (!filters.state || filters.state === told.state) && told.title.toLowerCase().includes(filters.q.trim().toLowerCase());
  if (!fits) return [];
  const end = filters.order === "newest" ? parts[0] : parts.at(-1);
  return isFiltered(filters) ? parts.map((part) => part.cursor) : end ? [end.cursor] : [];
}

/** Filters as they stand in the address. */
export interface Filters {
  state: State | "";
  tag: string;
  q: string;
  order: Order;
}

export function filtersOf(query: Record<string, string>): Filters {
  const state = STATES.find((one) => one === query["state"]) ?? "";
  return { state, tag: query["tag"] ?? "", q: query["q"] ?? "", order: query["order"] === "oldest" ? "oldest" : "newest" };
}

/** The query of an address; empty for all projects, newest first. */
export function queryOf(filters: Filters): string {
  const query = new URLSearchParams();
  if (filters.state) query.set("state", filters.state);
  if (filters.tag) query.set("tag", filters.tag);
  if (filters.q.trim()) query.set("q", filters.q.trim());
  if (filters.order === "oldest") query.set("order", "oldest");
  const text = query.toString();
  return text && `?${text}`;
}

export function isFiltered(filters: Filters): boolean {
  return Boolean(filters.state || filters.tag || filters.q);
}
