/** Hours and days of a time window in UTC, and what was counted in each. */
export type Bucket = "hour" | "day";

export const BUCKET_MS: Record<Bucket, number> = { hour: 3_600_000, day: 86_400_000 };

/** Beginning of the hour or day in UTC, in ms. */
export function bucketStart(at: number, bucket: Bucket): number {
  return Math.floor(at / BUCKET_MS[bucket]) * BUCKET_MS[bucket];
}

/** Beginnings of all hours or days of a window, in ms; those without a count too. */
export function bucketsOf(since: number, until: number, bucket: Bucket): number[] {
  const first = bucketStart(since, bucket);
  const count = Math.max(1, Math.ceil((until - first) / BUCKET_MS[bucket]));
  return Array.from({ length: count }, (_, at) => first + at * BUCKET_MS[bucket]);
}

/** Sums of the items of each time; where a time has none it is `none`. */
export function spread<T, N extends number | null>(times: number[], items: readonly T[], at: (item: T) => string, value: (item: T) => number, none: N): (number | N)[] {
  const sums = new Map<number, number>();
  for (const item of items) {
    const time = Date.parse(at(item));
    sums.set(time, (sums.get(time) ?? 0) + value(item));
  }
  return times.map((time) => sums.get(time) ?? none);
}

/** Keys of items, the greatest sum first. */
export function ranked<T>(items: readonly T[], key: (item: T) => string, value: (item: T) => number): { key: string; sum: number; items: T[] }[] {
  const found = new Map<string, { key: string; sum: number; items: T[] }>();
  for (const item of items) {
    const name = key(item);
    const group = found.get(name) ?? { key: name, sum: 0, items: [] };
    group.sum += value(item);
    group.items.push(item);
    found.set(name, group);
  }
  return [...found.values()].sort((a, b) => b.sum - a.sum || a.key.localeCompare(b.key));
}

/** Values piled up: each series lies on those before it. */
export function stacked(values: (number | null)[][]): number[][] {
  const heights = (values[0] ?? []).map(() => 0);
  return values.map((one) => one.map((value, at) => (heights[at] = heights[at]! + (value ?? 0))));
}
