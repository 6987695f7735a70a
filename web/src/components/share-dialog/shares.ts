/** Shares, as `/v1/shares` answers. */
import { fetchText } from "~/api/client";
import type { Page } from "~/api/pages";

export type ShareState = "live" | "expired" | "revoked" | "empty";

export interface Share {
  share_id: string;
  title: string;
  state: ShareState;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
  allow_download: boolean;
  show_organisation: boolean;
  test: boolean;
  views: number;
  last_viewed_at: string | null;
  exports: { export_id: string; clip_id: string; project_id: string; title: string }[];
}

/** With its address, which no later answer has. */
export interface NewShare extends Share {
  token: string;
  url: string;
  embed_html: string;
}

interface ShareWish {
  clip_ids?: string[];
  export_ids?: string[];
  title: string;
  expires_in_s: number;
  allow_download: boolean;
  show_organisation: boolean;
}

export interface ShareChange {
  title?: string;
  expires_in_s?: number;
  allow_download?: boolean;
  new_link?: true;
}

async function send<T>(path: string, method: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  return JSON.parse(await fetchText(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } })) as T;
}

export function makeShare(wish: ShareWish): Promise<NewShare> {
  return send("/v1/shares", "POST", wish, { "Idempotency-Key": crypto.randomUUID() });
}

export async function readShares(state: ShareState | "", cursor: string | undefined, signal: AbortSignal): Promise<Page<Share>> {
  const query = new URLSearchParams({ limit: "30", ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) });
  return JSON.parse(await fetchText(`/v1/shares?${query}`, { signal })) as Page<Share>;
}

export function changeShare(id: string, change: ShareChange): Promise<NewShare> {
  return send(`/v1/shares/${id}`, "PATCH", change);
}

export async function revokeShare(id: string): Promise<void> {
  await fetchText(`/v1/shares/${id}`, { method: "DELETE" });
}
