/** The part that is chosen by its tab, in every state that it can be in. */
import type { ComponentChildren } from "preact";
import type { Schemas } from "~/api/client";
import type { PlayerClock, TimeRange } from "~/components/player";
import { Empty, Loading, ProblemNotice } from "~/components/states";
import { ClipsPanel } from "./clips";
import { areRanked, type Intelligence, type Moments, type Part, type Project } from "./data";
import { DetailsPanel } from "./details";
import { KnowledgePanel } from "./knowledge";
import { t } from "./messages";
import { MomentsPanel } from "./moments";
import { Speakers } from "./speakers";
import { TranscriptPanel } from "./transcript";
import type { Corrections } from "./transcript/store";

export type PanelId = "transcript" | "moments" | "clips" | "knowledge" | "speakers" | "details";

interface Props {
  id: PanelId;
  project: Project;
  atWork: boolean;
  transcript: Part<Schemas["Transcript"]>;
  speakers: Part<Schemas["ProjectSpeakers"]>;
  moments: Part<Moments>;
  clips: Part<Schemas["ClipList"]>;
  knowledge: Part<Intelligence>;
  nameOf: (id: string | null | undefined) => string;
  clock: PlayerClock;
  corrections: Corrections;
  chosen: string | null;
  onJump: (ms: number) => void;
  onPlay: (range: TimeRange) => void;
  onMark: (range: TimeRange) => void;
  onMake: (moment: { id: string; range: TimeRange }) => void;
}

export function Panel(props: Props) {
  const { id, project, atWork, transcript, speakers, nameOf, corrections, onJump } = props;
  const people = speakers.data?.speakers ?? [];
  switch (id) {
    case "transcript":
      return (
        <Shown part={transcript} atWork={atWork} absent={project.without_words}>
          {(one) => (one.words.length === 0 ? <Absent text={project.without_words ?? one.without_words ?? null} /> : <TranscriptPanel transcript={one} speakers={people} nameOf={nameOf} clock={props.clock} corrections={corrections} onMark={props.onMark} />)}
        </Shown>
      );
    case "speakers":
      return <Shown part={transcript} atWork={atWork} absent={project.without_words}>{(one) => <Speakers speakers={people} transcript={one} nameOf={nameOf} corrections={corrections} onJump={onJump} />}</Shown>;
    case "moments":
      return <Shown part={props.moments} atWork={atWork} absent={project.nothing_found_reason}>{(one) => <MomentsPanel projectId={project.project_id} moments={one} chosen={props.chosen} onJump={onJump} onPlay={props.onPlay} onMark={props.onMark} onMake={props.onMake} />}</Shown>;
    case "clips":
      return <Shown part={props.clips} atWork={atWork} absent={null}>{(one) => <ClipsPanel project={project} clips={one.items} isRanked={areRanked(props.moments)} reason={one.nothing_found_reason} atWork={atWork} onJump={onJump} />}</Shown>;
    case "knowledge":
      return <Shown part={props.knowledge} atWork={atWork} absent={project.without_words}>{(one) => <KnowledgePanel knowledge={one} onJump={onJump} />}</Shown>;
    case "details":
      return <DetailsPanel project={project} />;
  }
}

function Shown<T>({ part, atWork, absent, children }: { part: Part<T>; atWork: boolean; absent: string | null; children: (data: T) => ComponentChildren }) {
  if (part.data !== undefined) return <>{children(part.data)}</>;
  if (part.problem) return <ProblemNotice problem={part.problem} onRetry={part.reload} />;
  if (part.waiting || (part.absent && atWork)) return atWork ? <Loading label={t("beingMade")} /> : <Absent text={absent} />;
  if (part.absent) return <Absent text={absent} />;
  return <Loading />;
}

function Absent({ text }: { text: string | null }) {
  return <div class="panel-pad"><Empty icon="text" title={t("notMade")}>{text && <p lang="en">{text}</p>}</Empty></div>;
}
