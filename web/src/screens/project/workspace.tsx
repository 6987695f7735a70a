/** Player, timeline and the parts of a project, all on one clock. */
import { useLocation } from "preact-iso";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { ApiProblem } from "~/api/problem";
import { Button } from "~/components/button";
import { FailureText } from "~/components/failure";
import { Player, usePlayerClock, useSource, type TimeRange } from "~/components/player";
import { Notice, ProblemNotice } from "~/components/states";
import { Timeline, type LaneRange } from "~/components/timeline";
import { startOf } from "~/routes";
import { may } from "~/session/session";
import { useClips, useKnowledge, useMoments, useNames, useSpeakers, useTimeline, useTranscript, useWaveform, type Project } from "./data";
import { DetailsPanel } from "./details";
import { Head, retry } from "./head";
import { bordersOf, lanesOf, snapTo } from "./timeline/lanes";
import { laneWords } from "./timeline/lane-words";
import { isAtWork, useLive } from "./live";
import { LONGEST_MS, MarkTools, SHORTEST_MS, marked, useMarkKeys } from "./timeline/marks";
import { t } from "./messages";
import { NewClipDialog, type Wish } from "./timeline/new-clip";
import { Panel, type PanelId } from "./panel";
import { WorkProgress } from "./progress";
import { Tabs } from "./tabs";
import { Corrections } from "./transcript/store";

const PANELS: PanelId[] = ["transcript", "moments", "clips", "knowledge", "speakers", "details"];

export function Workspace({ project, problem, onErased }: { project: Project; problem: ApiProblem | null; onErased: () => void }) {
  const id = project.project_id;
  const durationMs = project.duration_ms ?? 0;
  const clock = usePlayerClock(durationMs);
  const transcript = useTranscript(id);
  const speakers = useSpeakers(id);
  const moments = useMoments(id);
  const clips = useClips(id);
  const knowledge = useKnowledge(id);
  const timeline = useTimeline(id);
  const waveform = useWaveform(id);
  const items = clips.data?.items;
  useLive(id, project, items);
  const source = useSource(id);
  const nameOf = useNames(speakers.data?.speakers, speakerWord);
  const [range, setRange] = useState<TimeRange | null>(null);
  const [wish, setWish] = useState<Wish | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [panel, setPanel] = usePanel();
  const words = useMemo(() => ({ current: transcript.data }), []);
  words.current = transcript.data;
  const corrections = useMemo(() => new Corrections(id, () => words.current), [id, words]);
  useStart(clock.seek.bind(clock), durationMs);

  const ids = useMemo(() => (speakers.data?.speakers ?? []).map((one) => one.id), [speakers.data]);
  const lanes = useMemo(
    () => lanesOf({ timeline: timeline.data, transcript: transcript.data, moments: moments.data, clips: items, speakers: ids }, laneWords(nameOf)),
    [timeline.data, transcript.data, moments.data, items, ids, nameOf],
  );
  const borders = useMemo(() => bordersOf(transcript.data, timeline.data), [transcript.data, timeline.data]);
  const snap = useCallback((ms: number) => snapTo(borders, ms), [borders]);
  const mark = useCallback((end: "start" | "end") => may("projects:write") && setRange((old) => marked(old, end, snap(clock.ms.peek()), durationMs)), [clock, snap, durationMs]);
  useMarkKeys(mark);
  const seek = useCallback((ms: number) => clock.seek(ms), [clock]);
  const choose = (lane: string, one: LaneRange) => {
    clock.seek(one.startMs);
    if (lane === "moments") {
      setChosen(one.id);
      setPanel("moments");
    }
    if (lane === "clips") setPanel("clips");
  };
  const atWork = isAtWork(project);
  const isBare = !atWork && durationMs === 0; // it ended before there was anything to see
  const files = (items ?? []).flatMap((clip) => clip.exports);
  const counts: Partial<Record<PanelId, number>> = { moments: moments.data?.moments.length, clips: items?.length, speakers: ids.length || undefined };
  useTitle(project.title);
  return (
    <div class="project">
      <Head project={project} hasFiles={files.some((file) => file.state === "done")} hasFailures={files.some((file) => file.state === "failed")} onErased={onErased} onDetails={() => setPanel("details")} />
      <Messages project={project} problem={problem} />
      {atWork && <WorkProgress project={project} />}
      {isBare ? <div class="card"><DetailsPanel project={project} /></div> : (
        <>
          <div class="project-stage">
            <div class="project-player"><Player clock={clock} source={source} durationMs={durationMs} label={project.title || t("project")} /></div>
            <div class="project-panel">
              <Tabs label={t("tabs")} value={panel} onChange={setPanel} tabs={PANELS.map((one) => ({ id: one, label: t(TAB[one]), count: counts[one] }))} />
              <div id="tab-panel" class={`tab-panel ${panel}`} role="tabpanel" aria-labelledby={`tab-${panel}`} tabIndex={0}>
                <Panel
                  id={panel} project={project} atWork={atWork} transcript={transcript} speakers={speakers} moments={moments} clips={clips} knowledge={knowledge} nameOf={nameOf}
                  clock={clock} corrections={corrections} chosen={chosen} onJump={seek} onPlay={(one) => clock.playRange(one)} onMark={setRange} onMake={(one) => setWish({ range: one.range, momentId: one.id })}
                />
              </div>
            </div>
          </div>
          {durationMs > 0 && (
            <Timeline
              label={t("timeline")} waveHeight={44} durationMs={durationMs} clock={clock} peaks={waveform.data ?? null} lanes={lanes} onSeek={seek} onChoose={choose} snap={snap} shortestMs={SHORTEST_MS} longestMs={LONGEST_MS}
              selection={range} {...(may("projects:write") ? { onSelect: setRange } : {})}
              tools={<MarkTools range={range} clock={clock} onMark={mark} onClear={() => setRange(null)} onMake={() => range && setWish({ range })} />}
            />
          )}
        </>
      )}
      {wish && <NewClipDialog projectId={id} wish={wish} hasWords={!project.without_words} onClose={() => setWish(null)} onMade={() => { setWish(null); setRange(null); setPanel("clips"); }} />}
    </div>
  );
}

const TAB = { transcript: "tabTranscript", moments: "tabMoments", clips: "tabClips", knowledge: "tabKnowledge", speakers: "tabSpeakers", details: "tabDetails" } as const;

function speakerWord(id: string): string {
  return t("speakerOf", { number: id.replace(/^S/, "") });
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title || t("project")} · Clipstream`;
  }, [title]);
}

/** The tab stands in the address, so that it can be shared and Back leads to it. */
function usePanel(): [PanelId, (panel: PanelId) => void] {
  const { query, path, route } = useLocation();
  const panel = PANELS.find((one) => one === query["tab"]) ?? "transcript";
  const set = useCallback((next: PanelId) => {
    const search = new URLSearchParams(location.search);
    search.set("tab", next);
    route(`${path}?${search}`, true);
  }, [path, route]);
  return [panel, set];
}

/** Begin where a link leads to. */
function useStart(seek: (ms: number) => void, durationMs: number): void {
  const { query } = useLocation();
  const at = startOf(query);
  useEffect(() => {
    if (durationMs > 0 && at > 0) seek(at);
  }, [durationMs > 0, at]);
}

function Messages({ project, problem }: { project: Project; problem: ApiProblem | null }) {
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      {project.failure && <Notice kind="failed"><p><strong>{t("failedTitle")}</strong></p><FailureText failure={project.failure} />{may("projects:write") && <Button small icon="redo" onClick={() => retry(project.project_id)}>{t("retryProject")}</Button>}</Notice>}
      {project.state === "cancelled" && <Notice kind="warn"><p><strong>{t("cancelledTitle")}</strong></p><p>{t("cancelledText")}</p></Notice>}
      {project.without_words && <Notice><p><strong>{t("noWordsTitle")}</strong></p><p lang="en">{project.without_words}</p></Notice>}
    </>
  );
}
