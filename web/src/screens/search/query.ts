/** What is searched, as the address of the page has it; and what was searched lately, kept in this browser. */
import type { paths } from "~/api/schema";

export type Kind = "segments" | "clips" | "chapters" | "entities";
export const KINDS: readonly Kind[] = ["segments", "clips", "chapters", "entities"];
export type FilterName = "project_id" | "speaker" | "language" | "topic" | "kind";
export const FILTERS: readonly FilterName[] = ["project_id", "speaker", "language", "topic", "kind"];
export type Mode = "words" | "hybrid" | "meaning";
export const MODES: readonly Mode[] = ["words", "hybrid", "meaning"];
export type Sort = "relevance" | "time" | "oldest";
export const SORTS: readonly Sort[] = ["relevance", "time", "oldest"];

export interface SearchQuery {
  q: string;
  /** Null: every kind. */
  only: Kind | null;
  filters: Record<FilterName, string[]>;
  trust: "trusted" | "doubtful" | null;
  since: string;
  until: string;
  mode: Mode;
  sort: Sort;
}

type Asked = NonNullable<paths["/v1/search"]["get"]["parameters"]["query"]>;

function oneOf<T extends string>(all: readonly T[], value: string | null): T | undefined {
  return all.find((one) => one === value);
}

export function queryOf(search: string): SearchQuery {
  const asked = new URLSearchParams(search);
  return {
    q: asked.get("q") ?? "",
    only: oneOf(KINDS, asked.get("only")) ?? null,
    filters: Object.fromEntries(FILTERS.map((name) => [name, asked.getAll(name)])) as SearchQuery["filters"],
    trust: oneOf(["trusted", "doubtful"] as const, asked.get("trust")) ?? null,
    since: asked.get("since") ?? "",
    until: asked.get("until") ?? "",
    mode: oneOf(MODES, asked.get("mode")) ?? "words",
    sort: oneOf(SORTS, asked.get("sort")) ?? "relevance",
  };
}

export function addressOf(query: SearchQuery): string {
  const asked = new URLSearchParams();
  if (query.q.trim()) asked.set("q", query.q);
  if (query.only) asked.set("only", query.only);
  for (const name of FILTERS) for (const value of query.filters[name]) asked.append(name, value);
  if (query.trust) asked.set("trust", query.trust);
  if (query.since) asked.set("since", query.since);
  if (query.until) asked.set("until", query.until);
  if (query.mode !== "words") asked.set("mode", query.mode);
  if (query.sort !== "relevance") asked.set("sort", query.sort);
  const text = asked.toString();
  return text ? `?${text}` : "";
}

export function isFiltered(query: SearchQuery): boolean {
  return FILTERS.some((name) => query.filters[name].length > 0) || Boolean(query.trust || query.since || query.until);
}

export function withoutFilters(query: SearchQuery): SearchQuery {
  return { ...queryOf(""), q: query.q, only: query.only, mode: query.mode, sort: query.sort };
}

export function toggledFilter(query: SearchQuery, name: FilterName, value: string): SearchQuery {
  const has = query.filters[name].includes(value);
  const values = has ? query.filters[name].filter((one) => one !== value) : [...query.filters[name], value];
  // Kinds of names are filters of names alone.
  const only = name === "kind" && !has ? "entities" : query.only;
  return { ...query, only, filters: { ...query.filters, [name]: values } };
}

/** Parameters of the API: what is empty is left out. Hits by meaning have no order in time. */
export function askedOf(query: SearchQuery, limit: number): Asked {
  const filters = Object.fromEntries(FILTERS.filter((name) => query.filters[name].length > 0).map((name) => [name, query.filters[name]]));
  return {
    ...(filters as Partial<Asked>),
    q: query.q.trim(),
    only: query.only ?? undefined,
    trust: query.trust ?? undefined,
    since: query.since || undefined,
    until: query.until || undefined,
    mode: query.mode,
    sort: query.mode === "words" ? query.sort : "relevance",
    facets: true,
    limit,
  };
}

const MOST_RECENT = 8;

function recentKey(orgId: string): string {
  return `clipstream.searches.${orgId}`;
}

export function recentSearches(orgId: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(recentKey(orgId)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string").slice(0, MOST_RECENT) : [];
  } catch {
    return [];
  }
}

/** Put a search in front of the recent ones. */
export function rememberSearch(orgId: string, q: string): string[] {
  const text = q.trim();
  if (!text) return recentSearches(orgId);
  return keepSearches(orgId, [text, ...recentSearches(orgId).filter((one) => one !== text)]);
}

export function keepSearches(orgId: string, searches: string[]): string[] {
  const kept = searches.slice(0, MOST_RECENT);
  localStorage.setItem(recentKey(orgId), JSON.stringify(kept));
  return kept;
}
