/** Asks for the exact picture of a moment once the player rests and the edit is saved. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, fetchWithSession } from "~/api/client";
import { asProblem, problemOf } from "~/api/problem";
import type { Editor } from "../model/editor";
import { requestOf } from "../model/look";
import { pause } from "../model/pause";

export interface ServerFrame {
  state: "none" | "asking" | "shown" | "failed";
  url: string | null;
  detail: string;
}

const NONE: ServerFrame = { state: "none", url: null, detail: "" };
const REST_MS = 500;
const ASK_AGAIN_MS = 1_000;
const MOST_KEPT = 12;

export function useServerFrame(editor: Editor): ServerFrame {
  const frame = useSignal<ServerFrame>(NONE);
  const kept = useSignal(new Map<string, string>()).peek();
  const { player, saver, look } = editor;
  const rests = !player.playing.value && saver.phase.value === "saved" && editor.draft.value === null;
  const version = saver.saved.value.version;
  const lastMs = Math.max(0, Math.ceil(saver.saved.value.length_ms) - 40);
  const key = rests ? JSON.stringify([version, Math.min(Math.round(player.outputMs.value), lastMs), requestOf(look.value)]) : null;

  useEffect(() => {
    frame.value = NONE;
    if (key === null) return undefined;
    const known = kept.get(key);
    if (known) {
      frame.value = { state: "shown", url: known, detail: "" };
      return undefined;
    }
    const control = new AbortController();
    const timer = setTimeout(() => {
      frame.value = { ...NONE, state: "asking" };
      ask(editor, key, control.signal).then(
        (picture) => {
          if (control.signal.aborted) return;
          const url = URL.createObjectURL(picture);
          keep(kept, key, url);
          frame.value = { state: "shown", url, detail: "" };
        },
        (error: unknown) => {
          if (control.signal.aborted) return;
          const problem = asProblem(error);
          frame.value = problem.isOffline ? NONE : { state: "failed", url: null, detail: problem.detail || problem.title };
        },
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [key]);

  useEffect(() => () => kept.forEach((url) => URL.revokeObjectURL(url)), []);
  return frame.value;
}

function keep(kept: Map<string, string>, key: string, url: string): void {
  kept.set(key, url);
  const oldest = kept.keys().next().value;
  if (kept.size <= MOST_KEPT || oldest === undefined) return;
  URL.revokeObjectURL(kept.get(oldest)!);
  kept.delete(oldest);
}

async function ask(editor: Editor, key: string, signal: AbortSignal): Promise<Blob> {
  const [version, atMs, request] = JSON.parse(key) as [number, number, ReturnType<typeof requestOf>];
  const { response, data, error } = await api.POST("/v1/clips/{clip_id}/preview", {
    params: { path: { clip_id: editor.clipId }, query: { at_ms: atMs } },
    body: { ...request, edit_version: version },
    parseAs: "blob",
    signal,
  });
  if (response.status === 200) return data as unknown as Blob;
  const address = response.headers.get("location");
  if (response.status === 202 && address) return follow(address, signal);
  const problem = problemOf(response, error);
  if (problem.code !== "not-ready") throw problem;
  await pause((problem.retryAfterS ?? 2) * 1000, signal);
  return ask(editor, key, signal);
}

async function follow(address: string, signal: AbortSignal): Promise<Blob> {
  for (;;) {
    await pause(ASK_AGAIN_MS, signal);
    const response = await fetchWithSession(new Request(new URL(address, location.origin), { signal }));
    if (response.ok) return response.blob();
    const problem = problemOf(response, await response.json().catch(() => null));
    if (problem.code !== "not-ready") throw problem;
  }
}
