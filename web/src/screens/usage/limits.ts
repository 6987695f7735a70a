/** How much of each limit of a plan is used. */
import type { Schemas } from "~/api/client";
import type { Tone } from "~/components/states";

export type Limits = Schemas["Limits"];
export type LimitName = "source_minutes" | "exports" | "storage_gb" | "running_projects" | "seats";
export const LIMIT_NAMES: readonly LimitName[] = ["source_minutes", "exports", "storage_gb", "running_projects", "seats"];

const MINUTE_MS = 60_000;
const GB = 1e9;

/** In the unit of the limit. */
export function usedOf(limits: Limits, name: LimitName): number {
  return {
    source_minutes: limits.used.source_ms / MINUTE_MS,
    exports: limits.used.exports,
    storage_gb: limits.used.stored_bytes / GB,
    running_projects: limits.used.running_projects,
    seats: limits.seats.members + limits.seats.invitations,
  }[name];
}

/** Percent of a limit, 100 at most; null where there is none. */
export function shareOf(used: number, limit: number | null | undefined): number | null {
  if (limit === null || limit === undefined) return null;
  return limit === 0 ? 100 : Math.min(100, (used / limit) * 100);
}

/** From four fifths on it is time to look. */
export function toneOf(share: number): Tone {
  return share >= 100 ? "bad" : share >= 80 ? "warn" : "active";
}
