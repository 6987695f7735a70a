/** Shares, as `/v1/shares` answers. Only the answer that makes a link has its `url` and `embed_html`. */
import { api, call, type Schemas } from "~/api/client";
import type { Page } from "~/api/pages";

export type Share = Schemas["Share"];
export type ShareState = Share["state"];

export function makeShare(wish: Schemas["CreateShare"]): Promise<Share> {
  return call(api.POST("/v1/shares", { params: { header: { "Idempotency-Key": crypto.randomUUID() } }, body: wish }));
}

export function readShares(state: ShareState | null, cursor: string | undefined, signal: AbortSignal): Promise<Page<Share>> {
  return call(api.GET("/v1/shares", { params: { query: { limit: 30, cursor, ...(state ? { state } : {}) } }, signal }));
}

export function changeShare(id: string, change: Schemas["ChangeShare"]): Promise<Share> {
  return call(api.PATCH("/v1/shares/{share_id}", { params: { path: { share_id: id } }, body: change }));
}

export async function revokeShare(id: string): Promise<void> {
  await call(api.DELETE("/v1/shares/{share_id}", { params: { path: { share_id: id } } }));
}
