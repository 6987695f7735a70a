/** What the charts read. */
import { fetchText, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { t } from "./messages";

export interface Listed<T> {
  items: T[];
  currency?: string;
}

export type ProjectsRow = Schemas["ProjectsRow"];
export type CostRow = Schemas["CostRow"];
export type TemplateRow = Schemas["TemplateRow"];
export type LengthRow = Schemas["LengthRow"];
export type StageTimeRow = Schemas["StageTimeRow"];
export type FailureRow = Schemas["FailuresRow"];

export interface Window {
  since: number;
  until: number;
  bucket: "hour" | "day";
}

const BY_TIME = ["projects", "cost", "stage-times", "failures"];

/** Path of a chart's answer; the same with `format=csv` is the file. */
export function pathOf(name: string, { since, until, bucket }: Window, format: "json" | "csv" = "json"): string {
  const query = new URLSearchParams({ since: new Date(since).toISOString(), until: new Date(until).toISOString() });
  if (BY_TIME.includes(name)) query.set("bucket", bucket);
  if (format === "csv") query.set("format", format);
  return `/v1/analytics/${name}?${query}`;
}

export function useChart<T>(name: string, window: Window) {
  const path = pathOf(name, window);
  return useQuery(path, async (signal) => JSON.parse(await fetchText(path, { signal })) as Listed<T>);
}

export function csvOf(name: string, window: Window): { path: string; name: string } {
  return { path: pathOf(name, window, "csv"), name: `clipstream-${name}-${new Date(window.since).toISOString().slice(0, 10)}.csv` };
}

const STAGES = ["ingest", "listen", "close", "look", "study", "detect", "frame", "render", "preview", "deliver"] as const;
const WHATS = ["project", "export", "message"] as const;

export function stageName(stage: string): string {
  const known = STAGES.find((one) => one === stage);
  return known ? t(`stage_${known}`) : stage;
}

export function whatName(what: string): string {
  const known = WHATS.find((one) => one === what);
  return known ? t(`what_${known}`) : what;
}
