/** Files on their way to the store: state outside of the screens, so that they go on while one moves about. */
import { computed, signal } from "@preact/signals";
import type { Schemas } from "~/api/client";
import type { ApiProblem } from "~/api/problem";

export type UploadState =
  | "waiting" // other files are sent first
  | "sending"
  | "offline" // no connection: goes on by itself
  | "paused"
  | "needs-file" // the page was loaded again: the person has to pick the same file
  | "finishing" // the store joins its parts
  | "sent"
  | "starting" // its project is being made
  | "started"
  | "failed";

/** What the browser could read of a file; null fields where it could not. */
export interface MediaFacts {
  durationMs: number | null;
  widthPx: number | null;
  heightPx: number | null;
}

/** What is to be made of a file once it has arrived. `key` makes a repeat of the request harmless. */
export interface ProjectPlan {
  key: string;
  options: Schemas["ProjectOptions"];
  title: string;
  tags: string[];
}

/** What is remembered of an upload across a reload of the page. */
export interface KeptUpload {
  id: string;
  orgId: string;
  name: string;
  size: number;
  modified: number;
  /** Fingerprint of the file's first bytes. */
  head: string;
  createdAt: number;
  uploadId: string | null;
  partBytes: number | null;
  plan: ProjectPlan | null;
  facts: MediaFacts | null;
}

export interface Upload extends KeptUpload {
  state: UploadState;
  sentBytes: number;
  bytesPerS: number | null;
  problem: ApiProblem | null;
  /** Why it failed, where no answer of the API says so. */
  fault: "changed" | "lost" | null;
  projectId: string | null;
}

export const uploads = signal<Upload[]>([]);

const MOVING: UploadState[] = ["waiting", "sending", "offline", "finishing", "starting"];

export function isMoving(upload: Upload): boolean {
  return MOVING.includes(upload.state);
}

/** Uploads that somebody has to look after or wait for. */
export const openUploads = computed(() => uploads.value.filter((one) => one.state !== "started"));

export function shareOf(list: readonly Upload[]): number {
  const size = list.reduce((sum, one) => sum + one.size, 0);
  return size === 0 ? 0 : list.reduce((sum, one) => sum + Math.min(one.size, one.sentBytes), 0) / size;
}

export function findUpload(id: string): Upload | undefined {
  return uploads.peek().find((one) => one.id === id);
}

export function patchUpload(id: string, change: Partial<Upload>): void {
  uploads.value = uploads.peek().map((one) => (one.id === id ? { ...one, ...change } : one));
}

export function dropUpload(id: string): void {
  uploads.value = uploads.peek().filter((one) => one.id !== id);
}

/** A new random name; also where the page has no secure context, in which `randomUUID` is missing. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
