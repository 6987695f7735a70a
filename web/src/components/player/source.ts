/** The playable file of a project: `GET /v1/projects/{id}/source`, renewed before its URL ends and after an error. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem, type ApiProblem } from "~/api/problem";

/** The answer of the API. */
export type SourceAnswer = Schemas["SourceLink"];

export interface PlayerSource {
  state: "loading" | "ready" | "preparing" | "unavailable" | "refused";
  /** What plays: signed, of another origin; null where nothing can be played (yet). */
  url: string | null;
  hasPicture: boolean;
  widthPx: number | null;
  heightPx: number | null;
  /** Project time of the file's first moment. */
  offsetMs: number;
  /** Seeking in it is slow: the upload itself, while its proxy is made. */
  isSlow: boolean;
  /** Why it is not ready, for people. */
  detail: string | null;
  reason: string | null;
  problem: ApiProblem | null;
  /** Counts what `renew` brought: the file is opened again, also where its URL is the same. */
  renewed?: number;
  /** Ask for another URL; the player keeps its place. */
  renew: () => void;
}

const RENEWED_BEFORE_MS = 90_000;
const POLL_MS = 4_000;
const LONGEST_TIMER_MS = 2_000_000_000;

const NOTHING: Omit<PlayerSource, "renew"> = {
  state: "loading", url: null, hasPicture: true, widthPx: null, heightPx: null, offsetMs: 0, isSlow: false, detail: null, reason: null, problem: null,
};

function ofAnswer(answer: SourceAnswer): Omit<PlayerSource, "renew"> {
  return {
    state: answer.state,
    url: answer.url,
    hasPicture: answer.content_type === null ? answer.width_px !== null : !answer.content_type.startsWith("audio/"),
    widthPx: answer.width_px,
    heightPx: answer.height_px,
    offsetMs: 0,
    isSlow: answer.kind === "source" && answer.state === "preparing",
    detail: answer.detail,
    reason: answer.reason,
    problem: null,
  };
}

/** Ms until a URL should be renewed. */
export function renewIn(expiresAt: string | number | null, now = Date.now()): number | null {
  if (expiresAt === null) return null;
  return Math.min(LONGEST_TIMER_MS, Math.max(5_000, new Date(expiresAt).getTime() - now - RENEWED_BEFORE_MS));
}

/** `null` as project asks nothing. */
export function useSource(projectId: string | null): PlayerSource {
  const [state, setState] = useState(NOTHING);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const turn = useRef(0);
  const kept = useRef<SourceAnswer | null>(null);
  const renewed = useRef(0);

  const read = useCallback(async () => {
    if (projectId === null) return;
    const own = ++turn.current;
    if (timer.current) clearTimeout(timer.current);
    const later = (ms: number | null) => {
      if (ms !== null && own === turn.current) timer.current = setTimeout(() => void read(), ms);
    };
    try {
      const answer = await call(api.GET("/v1/projects/{project_id}/source", { params: { path: { project_id: projectId } } }));
      if (own !== turn.current) return;
      const known = kept.current;
      // Each answer signs another URL; while it plays the file is not opened again without a cause.
      if (known?.url && known.kind === answer.kind && (renewIn(known.expires_at) ?? 0) > 60_000) {
        answer.url = known.url;
        answer.expires_at = known.expires_at;
      }
      kept.current = answer;
      setState({ ...ofAnswer(answer), renewed: renewed.current });
      later(answer.state === "preparing" ? POLL_MS : renewIn(answer.expires_at));
    } catch (error) {
      const problem = asProblem(error);
      if (own !== turn.current) return;
      const isEarly = problem.code === "not-ready";
      // A file that plays goes on playing while the network is away.
      setState((old) => (problem.isOffline && old.url ? old : { ...NOTHING, state: isEarly ? "preparing" : "refused", problem: isEarly ? null : problem, detail: isEarly ? null : problem.detail }));
      if (isEarly || problem.isOffline) later((problem.retryAfterS ?? 5) * 1000);
    }
  }, [projectId]);

  useEffect(() => {
    setState(NOTHING);
    kept.current = null;
    void read();
    return () => {
      turn.current += 1;
      if (timer.current) clearTimeout(timer.current);
    };
  }, [read]);

  const renew = useCallback(() => {
    kept.current = null;
    renewed.current += 1;
    void read();
  }, [read]);
  return { ...state, renew };
}
