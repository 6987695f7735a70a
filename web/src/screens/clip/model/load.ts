/** Reads what the editor shows, and speaks to the API for it. */
import { api, call, type Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";
import { may, session } from "~/session/session";
import type { Opened } from "./editor";
import { baseLook } from "./look";
import { pause } from "./pause";
import type { Port } from "./saver";

/** The file that the player plays; as `GET /v1/projects/{project_id}/source` answers. */
export interface SourceFile {
  url: string;
  /** Time of the source at the file's start. */
  offsetMs: number;
  width: number | null;
  height: number | null;
  /** `export`: a finished file of the clip, cropped already; the others are the whole source. */
  kind: "proxy" | "source" | "export";
  hasPicture: boolean;
}

export function isWhole(file: SourceFile | null | undefined): boolean {
  return file != null && file.kind !== "export";
}

export interface SourceState {
  file: SourceFile | null;
  preparing: boolean;
  detail: string | null;
}

const path = (clipId: string) => ({ path: { clip_id: clipId } });

/** The project's source, or while the server has none to play a finished export of the unchanged clip. */
export async function readSource(clip: Schemas["Clip"], signal: AbortSignal): Promise<SourceState> {
  let answer: Schemas["SourceLink"] | null = null;
  try {
    answer = await call(api.GET("/v1/projects/{project_id}/source", { params: { path: { project_id: clip.project_id } }, signal }));
  } catch (error) {
    if (asProblem(error).status !== 404) throw error;
  }
  if (answer?.url) {
    const { url, width_px: width = null, height_px: height = null, content_type: type } = answer;
    const hasPicture = !type?.startsWith("audio/");
    const file: SourceFile = { url, offsetMs: 0, width, height, kind: answer.kind ?? "source", hasPicture };
    return { file, preparing: answer.state === "preparing", detail: null };
  }
  return { file: await exportFile(clip, signal), preparing: answer?.state === "preparing", detail: answer?.detail ?? null };
}

async function exportFile(clip: Schemas["Clip"], signal: AbortSignal): Promise<SourceFile | null> {
  const first = clip.exports.find((one) => one.state === "done" && one.edit_version === 1);
  if (!first) return null;
  const found = await call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: first.export_id } }, signal }));
  if (!found.files) return null;
  return { url: found.files.video.url, offsetMs: found.start_ms, width: null, height: null, kind: "export", hasPicture: true };
}

export function portOf(clipId: string, transcriptVersion: number | null): Port {
  return {
    me: session.value ? { kind: "user", id: session.value.profile.user_id } : null,
    change: (operations, version, key) =>
      call(
        api.PATCH("/v1/clips/{clip_id}/edit", {
          params: { ...path(clipId), header: { "If-Match": `"edit-${version}"`, "Idempotency-Key": key } },
          body: { operations, ...(transcriptVersion === null ? {} : { transcript_version: transcriptVersion }) },
        }),
      ),
    read: () => call(api.GET("/v1/clips/{clip_id}/edit", { params: path(clipId) })),
    versions: () => readVersions(clipId),
  };
}

export async function readVersions(clipId: string): Promise<Schemas["EditVersion"][]> {
  const page = await call(api.GET("/v1/clips/{clip_id}/edit/versions", { params: { ...path(clipId), query: { limit: 100 } } }));
  return page.items;
}

async function readTranscript(projectId: string, signal: AbortSignal): Promise<Schemas["Transcript"] | null> {
  try {
    return await call(api.GET("/v1/projects/{project_id}/transcript", { params: { path: { project_id: projectId } }, signal })) as Schemas["Transcript"];
  } catch (error) {
    if (asProblem(error).status === 404) return null;
    throw error;
  }
}

export async function openClip(clipId: string, signal: AbortSignal): Promise<Opened> {
  const clip = await call(api.GET("/v1/clips/{clip_id}", { params: path(clipId), signal }));
  const first = [...clip.exports].sort((a, b) => a.number - b.number)[0];
  const [edit, versions, transcript, project, firstExport] = await Promise.all([
    call(api.GET("/v1/clips/{clip_id}/edit", { params: path(clipId), signal })),
    readVersions(clipId),
    readTranscript(clip.project_id, signal),
    call(api.GET("/v1/projects/{project_id}", { params: { path: { project_id: clip.project_id } }, signal })),
    first ? call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: first.export_id } }, signal })) : null,
  ]);
  const template = project.options.captions_template ?? "bold_outline";
  return {
    clip,
    edit,
    versions,
    words: transcript?.words ?? [],
    durationMs: transcript?.duration_ms ?? project.duration_ms ?? clip.end_ms,
    transcriptVersion: transcript?.version ?? null,
    hasEnglish: "en" in (transcript?.tracks ?? {}),
    base: baseLook(firstExport, template),
    template,
    canEdit: may("projects:write"),
  };
}

/** Starts of the source's shots, where the server tells them. */
export async function readShots(projectId: string, signal: AbortSignal): Promise<number[]> {
  try {
    const answer = await call(api.GET("/v1/projects/{project_id}/timeline", { params: { path: { project_id: projectId } }, signal }));
    return (answer.shots ?? []).map((shot) => shot.start_ms);
  } catch {
    return [];
  }
}

/** Peaks of the sound, one byte each, where the server makes them. */
export interface Wave {
  perSecond: number;
  startMs: number;
  peaks: Uint8Array;
}

export async function readWave(projectId: string, startMs: number, endMs: number, signal: AbortSignal): Promise<Wave | null> {
  const query = { per_second: 20 as const, start_ms: Math.max(0, Math.floor(startMs)), end_ms: Math.ceil(endMs) };
  try {
    const answer = await call(api.GET("/v1/projects/{project_id}/waveform", { params: { path: { project_id: projectId }, query }, signal }));
    const raw = atob(answer.peaks);
    return { perSecond: answer.per_second, startMs: answer.start_ms, peaks: Uint8Array.from(raw, (sign) => sign.charCodeAt(0)) };
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code !== "not-ready") return null;
    const waited = await pause((problem.retryAfterS ?? 5) * 1000, signal).then(() => true, () => false);
    return waited ? readWave(projectId, startMs, endMs, signal) : null;
  }
}
