/** The time window of all charts, as the address of the page has it. */
import { BUCKET_MS, bucketStart, type Bucket } from "~/components/charts/buckets";

export const RANGES = ["1d", "7d", "30d", "90d", "365d"] as const;
export type RangeName = (typeof RANGES)[number] | "own";

export interface Range {
  name: RangeName;
  bucket: Bucket;
  /** Days of an own range, as `2026-01-05`; the last one is included. */
  from: string;
  until: string;
}

/** The API has hours of at most so many days, and at most a leap year in all. */
export const MOST_HOURLY_DAYS = 31;
const MOST_DAYS = 366;
const DAY_MS = BUCKET_MS.day;
const IS_DAY = /^\d{4}-\d{2}-\d{2}$/;

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function daysOf({ name, from, until }: Pick<Range, "name" | "from" | "until">): number {
  if (name !== "own") return Number.parseInt(name, 10);
  return (Date.parse(until) - Date.parse(from)) / DAY_MS + 1;
}

export function mayBeHourly(range: Pick<Range, "name" | "from" | "until">): boolean {
  return daysOf(range) <= MOST_HOURLY_DAYS;
}

/** Range of a query such as `?range=7d&by=hour` or `?from=2026-01-05&until=2026-01-09`; slips fall back to 30 days. */
export function rangeOf(query: Record<string, string | undefined>, now: number = Date.now()): Range {
  const from = query["from"] ?? "";
  const until = query["until"] ?? "";
  const own = IS_DAY.test(from) && IS_DAY.test(until) && daysOf({ name: "own", from, until }) >= 1 && daysOf({ name: "own", from, until }) <= MOST_DAYS;
  const name: RangeName = own ? "own" : RANGES.find((one) => one === query["range"]) ?? "30d";
  const days = { from: own ? from : dayOf(now - 29 * DAY_MS), until: own ? until : dayOf(now) };
  const wanted = query["by"] ?? (name === "1d" ? "hour" : "day");
  return { name, ...days, bucket: wanted === "hour" && mayBeHourly({ name, ...days }) ? "hour" : "day" };
}

/** First and last moment of a range, in ms; whole hours or days at its beginning. */
export function windowOf(range: Range, now: number): { since: number; until: number } {
  if (range.name === "own") return { since: Date.parse(range.from), until: Math.min(Date.parse(range.until) + DAY_MS, Math.max(now, Date.parse(range.from) + 1)) };
  const days = daysOf(range);
  const since = range.bucket === "hour" ? bucketStart(now, "hour") - days * DAY_MS + BUCKET_MS.hour : bucketStart(now, "day") - (days - 1) * DAY_MS;
  return { since, until: now };
}

export function queryOf(range: Range): string {
  const query: Record<string, string> = range.name === "own" ? { from: range.from, until: range.until } : { range: range.name };
  return `?${new URLSearchParams({ ...query, by: range.bucket })}`;
}
