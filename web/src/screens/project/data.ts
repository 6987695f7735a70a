/** What the screen reads of its project. Parts that are still being made are absent without being an error. */
import { useMemo } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem, type ApiProblem } from "~/api/problem";
import { useQuery, type Query } from "~/api/query";
import { decodePeaks, type Peaks } from "~/components/timeline";

export type Project = Schemas["Project"];
export type Clip = Schemas["Clip"];
export type Intelligence = Schemas["Intelligence"];
export type Speaker = Schemas["ProjectSpeaker"];

export type TimelineAnswer = Schemas["Timeline"];

/** Names of what is kept, for `invalidate` and `setQuery`. */
export const keys = {
  project: (id: string) => `project/${id}`,
  transcript: (id: string) => `project-transcript/${id}`,
  versions: (id: string) => `project-versions/${id}`,
  speakers: (id: string) => `project-speakers/${id}`,
  moments: (id: string) => `project-moments/${id}`,
  evidence: (id: string) => `project-evidence/${id}`,
  clips: (id: string) => `project-clips/${id}`,
  knowledge: (id: string) => `project-knowledge/${id}`,
  timeline: (id: string) => `project-timeline/${id}`,
  waveform: (id: string) => `project-waveform/${id}`,
  file: (exportId: string) => `project-export/${exportId}`,
};

/** A part that may not be there: `waiting` while it is made, `absent` where the project ended without it. */
export interface Part<T> {
  data: T | undefined;
  loading: boolean;
  waiting: boolean;
  absent: boolean;
  problem: ApiProblem | null;
  reload: () => void;
}

function partOf<T>(query: Query<T> & { reload: () => void }): Part<T> {
  const { data, problem, loading, reload } = query;
  const isMissing = problem?.status === 404;
  const waiting = isMissing && problem.code === "not-ready";
  return { data, loading, waiting, absent: isMissing && !waiting, problem: isMissing ? null : problem, reload };
}

const path = (id: string) => ({ params: { path: { project_id: id } } });

export function useProject(id: string) {
  return useQuery(keys.project(id), (signal) => call(api.GET("/v1/projects/{project_id}", { ...path(id), signal })));
}

export function useTranscript(id: string): Part<Schemas["Transcript"]> {
  return partOf(useQuery(keys.transcript(id), (signal) =>
    call(api.GET("/v1/projects/{project_id}/transcript", { ...path(id), signal })) as Promise<Schemas["Transcript"]>));
}

export function useSpeakers(id: string): Part<Schemas["ProjectSpeakers"]> {
  return partOf(useQuery(keys.speakers(id), (signal) => call(api.GET("/v1/projects/{project_id}/speakers", { ...path(id), signal }))));
}

/** All but the evidence, which is most of the answer. */
const MOMENT = ["id", "range", "score", "confidence", "title", "reason", "selected", "rank", "hook", "without_words", "lacks"];
const SIGNAL = ["name", "value", "weight", "told", "confidence", "effect"];
const MOMENT_FIELDS = [
  ...MOMENT.map((name) => `moments.${name}`), ...SIGNAL.map((name) => `moments.signals.${name}`), "nothing_found_reason", "nearest", "order",
].join(",");

export type Moment = Omit<Schemas["Moment"], "signals"> & { signals: (Omit<Schemas["SubScore"], "evidence"> & { evidence?: Schemas["Evidence"][] })[] };
export type Moments = Omit<Schemas["MomentList"], "moments"> & { moments: Moment[] };

export function useMoments(id: string): Part<Moments> {
  return partOf(useQuery(keys.moments(id), (signal) =>
    call(api.GET("/v1/projects/{project_id}/moments", { params: { path: { project_id: id }, query: { fields: MOMENT_FIELDS } }, signal })) as Promise<Moments>));
}

/** Whether scores say which moment is the better one. Nothing is claimed until the moments are known. */
export function areRanked(moments: Part<Moments>): boolean {
  return moments.data ? moments.data.order !== "time" : moments.absent;
}

/** Each moment's evidence, read once somebody asks why; null asks nothing. */
export function useEvidence(id: string | null): Part<Map<string, Moment>> {
  return partOf(useQuery(id && keys.evidence(id), async (signal) => {
    const list = (await call(api.GET("/v1/projects/{project_id}/moments", { params: { path: { project_id: id! }, query: { fields: "moments.id,moments.signals" } }, signal }))) as Moments;
    return new Map(list.moments.map((moment) => [moment.id, moment]));
  }));
}

export function useClips(id: string): Part<Schemas["ClipList"]> {
  return partOf(useQuery(keys.clips(id), (signal) => call(api.GET("/v1/projects/{project_id}/clips", { ...path(id), signal }))));
}

export function useKnowledge(id: string): Part<Intelligence> {
  return partOf(useQuery(keys.knowledge(id), (signal) =>
    call(api.GET("/v1/projects/{project_id}/intelligence", { ...path(id), signal })) as Promise<Intelligence>));
}

export function useTimeline(id: string): Part<TimelineAnswer> {
  return partOf(useQuery(keys.timeline(id), (signal) => call(api.GET("/v1/projects/{project_id}/timeline", { ...path(id), signal }))));
}

export function useWaveform(id: string): Part<Peaks> {
  return partOf(useQuery(keys.waveform(id), async (signal) => decodePeaks(await call(api.GET("/v1/projects/{project_id}/waveform", { ...path(id), signal })))));
}

/** An export with its signed files; null asks nothing. */
export function useFile(exportId: string | null) {
  return useQuery(exportId && keys.file(exportId), (signal) =>
    call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: exportId! } }, signal })));
}

export function useNames(speakers: Speaker[] | undefined, t: (speaker: string) => string): (id: string | null | undefined) => string {
  return useMemo(() => {
    const names = new Map((speakers ?? []).map((one) => [one.id, one.name ?? ""]));
    return (id) => (id ? names.get(id) || t(id) : "");
  }, [speakers, t]);
}

/** Whether a refusal means that the project is no longer there. */
export function isErased(error: unknown): boolean {
  return asProblem(error).status === 410;
}
