/** What an endpoint's and a delivery's times and states mean for a person, and which messages a filter takes. */
import type { Schemas } from "~/api/client";
import type { Tone } from "~/components/states";
import { dateTime } from "~/i18n";
import { t } from "./messages";

export type Endpoint = Schemas["Endpoint"];
export type NewEndpoint = Schemas["NewEndpoint"];
export type Delivery = Schemas["DeliverySummary"];
export type EventFilter = Schemas["CreateEndpoint"]["events"][number];

export type EndpointState = "active" | "paused" | "resting" | "gone" | "failing";

/** `resting`: tries failed, and it is sent nothing for a while. */
export function stateOf(endpoint: Endpoint, now: number = Date.now()): EndpointState {
  if (endpoint.disabled_at) return endpoint.disabled_reason === "gone" ? "gone" : "failing";
  if (endpoint.paused_at) return "paused";
  if (endpoint.paused_until && Date.parse(endpoint.paused_until) > now) return "resting";
  return "active";
}

export const STATE_TONES: Record<EndpointState, Tone> = { active: "good", paused: "neutral", resting: "warn", gone: "bad", failing: "bad" };
export const DELIVERY_TONES: Record<Delivery["state"], Tone> = { pending: "active", delivered: "good", failed: "bad" };

/** Why an endpoint takes nothing now; null while it does. */
export function stateText(endpoint: Endpoint): string | null {
  const state = stateOf(endpoint);
  if (state === "active") return null;
  const at = { paused: endpoint.paused_at, resting: endpoint.paused_until, gone: endpoint.disabled_at, failing: endpoint.disabled_at }[state];
  return t(`stateText_${state}`, { time: at ? dateTime(at) : "" });
}

const GROUPS = ["project", "export", "clip", "webhook"] as const;
const KINDS = [
  "project.completed", "project.failed", "project.expiring", "project.updated", "export.completed", "export.failed", "export.cancelled",
  "export.updated", "clip.edited", "clip.updated", "webhook.delivery_exhausted", "webhook.endpoint_disabled", "webhook.test",
] as const;

/** What a kind of message tells, in the person's language; a kind that this page does not know is told by the API. */
export function eventText(type: string, told: string): string {
  const known = KINDS.find((one) => one === type);
  return known ? t(`e_${known}`) : told;
}

export function groupName(group: string): string {
  const known = GROUPS.find((one) => one === group);
  return known ? t(`group_${known}`) : group;
}

/** Beginning of a type: `project` of `project.completed`. */
export function groupOf(type: string): string {
  return type.slice(0, type.indexOf("."));
}

/** Whether a filter takes a type: itself, all with its beginning, or all. */
export function takes(filters: readonly string[], type: string): boolean {
  return filters.includes("*") || filters.includes(`${groupOf(type)}.*`) || filters.includes(type);
}

/**
 * Filters after one of them was switched on or off.
 *
 * What a wider filter takes anyhow is left out: `export.*` replaces `export.failed`, `*` replaces all.
 */
export function toggled(filters: readonly string[], one: string, on: boolean): string[] {
  if (!on) return filters.filter((filter) => filter !== one);
  if (one === "*") return ["*"];
  const kept = one.endsWith(".*") ? filters.filter((filter) => groupOf(filter) !== groupOf(one)) : [...filters];
  return [...kept.filter((filter) => filter !== one), one];
}

/** A body as it was sent, set out on lines; text that is no JSON stays as it is. */
export function setOut(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** RFC 3339 time that lies so many hours back. */
export function hoursAgo(hours: number, now: number = Date.now()): string {
  return new Date(now - hours * 3_600_000).toISOString();
}
