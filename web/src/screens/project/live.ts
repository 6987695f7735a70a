/** What happens to the project while it is on the screen: its own events, and those of the organisation. */
import { useEffect } from "preact/hooks";
import { listen } from "~/api/events";
import { invalidate } from "~/api/query";
import { keys, type Clip, type Project } from "./data";

const WAIT_MS = 600;
const POLL_MS = 4_000;
const OWN = [
  "project.progressed", "project.completed", "project.failed", "project.retried", "project.cancelled", "project.erased",
  "project.failure_retried", "project.updated", "clip.edited", "clip.updated", "export.updated",
];
const ALL = ["stream.reset", "project.changed", "export.changed", "clip.changed", "clip.edited", "transcript.corrected"];

/** Which parts a stage makes. */
const MADE_BY: Record<string, ((id: string) => string)[]> = {
  ingest: [keys.waveform, keys.timeline],
  listen: [keys.transcript, keys.timeline, keys.waveform],
  close: [keys.transcript, keys.speakers, keys.timeline],
  look: [keys.timeline],
  study: [keys.knowledge],
  detect: [keys.moments, keys.clips],
  frame: [keys.clips],
  render: [keys.clips],
  transcode: [keys.timeline, keys.waveform],
};

/** Reads again what is named, together and at most every 0.6 s. */
function gathered(): { ask: (...names: string[]) => void; end: () => void } {
  const wanted = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  return {
    ask: (...names) => {
      for (const name of names) wanted.add(name);
      timer ??= setTimeout(() => {
        timer = null;
        for (const name of wanted) invalidate(name);
        wanted.clear();
      }, WAIT_MS);
    },
    end: () => timer && clearTimeout(timer),
  };
}

export function isAtWork(project: Project | undefined): boolean {
  return project?.state === "queued" || project?.state === "running";
}

export function useLive(id: string, project: Project | undefined, clips: Clip[] | undefined): void {
  const atWork = isAtWork(project);
  useEffect(() => {
    if (!atWork) return undefined;
    const { ask, end } = gathered();
    const stop = listen(`/v1/projects/${id}/events`, OWN, (name, data) => {
      ask(keys.project(id));
      const stage = String(data["stage"] ?? "");
      if (name === "project.progressed" && data["state"] === "done") ask(...(MADE_BY[stage] ?? []).map((key) => key(id)));
      if (name === "project.progressed" && (stage === "render" || stage === "frame")) ask(keys.clips(id));
      if (name === "project.completed" || name === "project.failed") ask(...Object.values(MADE_BY).flat().map((key) => key(id)));
      if (name.startsWith("clip.") || name.startsWith("export.")) ask(keys.clips(id));
    });
    return () => {
      stop();
      end();
    };
  }, [id, atWork]);

  useEffect(() => {
    const { ask, end } = gathered();
    const stop = listen("/v1/events", ALL, (name, data) => {
      if (name !== "stream.reset" && data["project_id"] !== id) return;
      if (name === "stream.reset" && data["reason"] === "opened") return;
      if (name === "transcript.corrected" || name === "stream.reset") ask(keys.transcript(id), keys.speakers(id), keys.versions(id));
      if (name.startsWith("clip.") || name.startsWith("export.") || name === "stream.reset") ask(keys.clips(id));
      if (name.startsWith("project.") || name === "stream.reset") ask(keys.project(id));
    });
    return () => {
      stop();
      end();
    };
  }, [id]);

  // Files of an ended project that are being made: asked for, also where no stream is open.
  const isMaking = !atWork && (clips ?? []).some((clip) => clip.exports.some((file) => file.state === "waiting" || file.state === "rendering"));
  useEffect(() => {
    if (!isMaking) return undefined;
    const timer = setInterval(() => invalidate(keys.clips(id)), POLL_MS);
    return () => clearInterval(timer);
  }, [id, isMaking]);
}
