/** Every moment that was weighed, best first where their scores rank them, and why. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import type { TimeRange } from "~/components/player";
import { Badge, Empty, Loading } from "~/components/states";
import { clock as clockText, duration, number, percent } from "~/i18n";
import { shortfallWord } from "~/i18n/server-words";
import { may } from "~/session/session";
import { useEvidence, type Moment, type Moments } from "../data";
import { Evidence } from "./evidence";
import { t } from "./messages";

interface Props {
  projectId: string;
  moments: Moments;
  onPlay: (range: TimeRange) => void;
  onJump: (ms: number) => void;
  onMark: (range: TimeRange) => void;
  onMake: (moment: { id: string; range: TimeRange }) => void;
  /** The one that was chosen on the timeline. */
  chosen: string | null;
}

const FEW = 12;

export function MomentsPanel(props: Props) {
  const { moments, chosen } = props;
  const [isAll, setAll] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const shown = open ?? chosen;
  const evidence = useEvidence(shown ? props.projectId : null);
  if (moments.moments.length === 0 || moments.nothing_found_reason) {
    return (
      <div class="panel-pad stack">
        <Empty icon="film" title={t("nothing")}>{moments.nothing_found_reason && <p lang="en">{moments.nothing_found_reason}</p>}</Empty>
        <Nearest {...props} />
      </div>
    );
  }
  const isRanked = moments.order !== "time";
  const ordered = isRanked ? moments.moments : [...moments.moments].sort((one, two) => one.range.start_ms - two.range.start_ms);
  const list = isAll ? ordered : ordered.filter((moment, at) => at < FEW || moment.selected || moment.id === shown);
  return (
    <div class="panel-pad">
      <h2 class="panel-title">{t("found", { count: moments.moments.length })}</h2>
      <p class="hint">{isRanked ? t("foundText") : t("byTime")}</p>
      <ol class="plain moments">
        {list.map((moment) => (
          <Item key={moment.id} {...props} moment={moment} isRanked={isRanked} isOpen={shown === moment.id} evidence={evidence.data?.get(moment.id)} onToggle={() => setOpen(shown === moment.id ? "" : moment.id)} />
        ))}
      </ol>
      {moments.moments.length > FEW && <p class="more"><Button onClick={() => setAll(!isAll)}>{isAll ? t(isRanked ? "fewer" : "fewerOfAll") : t("all", { count: moments.moments.length })}</Button></p>}
    </div>
  );
}

function rangeOf(moment: { range: { start_ms: number; end_ms: number } }): TimeRange {
  return { startMs: moment.range.start_ms, endMs: moment.range.end_ms };
}

function Item({ moment, isRanked, isOpen, evidence, onToggle, onPlay, onJump, onMark, onMake }: Props & { moment: Moment; isRanked: boolean; isOpen: boolean; evidence: Moment | undefined; onToggle: () => void }) {
  const range = rangeOf(moment);
  const lacks = shownLacks(moment.lacks, isRanked);
  return (
    <li class={`moment${moment.selected ? " selected" : ""}${isRanked ? "" : " unranked"}`}>
      {isRanked && <Score score={moment.score} />}
      <div class="moment-body">
        <h3>{moment.title || moment.hook}</h3>
        <p class="hint row">
          <button type="button" class="time-jump" onClick={() => onJump(range.startMs)}>{clockText(range.startMs)}</button>
          <span>{duration(range.endMs - range.startMs)}</span>
          {isRanked && <span>{t("confidence", { percent: percent(moment.confidence) })}</span>}
          {moment.selected && <Badge tone="good">{t("isClip", { rank: moment.rank ?? 0 })}</Badge>}
        </p>
        <p lang="en">{moment.reason}</p>
        {moment.without_words && <p class="hint" lang="en">{moment.without_words}</p>}
        {!moment.selected && lacks.length > 0 && <p class="hint">{t("whyNot")}: {lacks.map((lack) => <Lack key={lack.what} lack={lack} />)}</p>}
        <div class="row tight">
          <Button small icon="play" onClick={() => onPlay(range)}>{t("play")}</Button>
          <Button small kind="quiet" icon="scissors" onClick={() => onMark(range)}>{t("mark")}</Button>
          {may("projects:write") && !moment.selected && <Button small kind="quiet" icon="plus" onClick={() => onMake({ id: moment.id, range })}>{t("make")}</Button>}
          <Button small kind="quiet" icon={isOpen ? "up" : "down"} aria-expanded={isOpen} onClick={onToggle}>{moment.selected ? t("whyClip") : t("why")}</Button>
        </div>
        {isOpen && (evidence ? <Evidence signals={evidence.signals} isRanked={isRanked} onJump={onJump} /> : <><Evidence signals={moment.signals} isRanked={isRanked} onJump={onJump} /><Loading /></>)}
      </div>
    </li>
  );
}

type Shortfall = NonNullable<Moment["lacks"]>[number];
/** What a moment lacks by its score alone: nothing where scores rank nothing. */
const BY_SCORE = ["score", "near_best"];

function shownLacks(lacks: Shortfall[] | undefined, isRanked: boolean): Shortfall[] {
  return (lacks ?? []).filter((lack) => isRanked || !BY_SCORE.includes(lack.what));
}

function Lack({ lack }: { lack: Shortfall }) {
  const own = shortfallWord(lack.what);
  return own ? <span>{own} </span> : <span lang="en">{lack.told} </span>;
}

export function Score({ score }: { score: number }) {
  const rounded = Math.round(score);
  return (
    <span class="score" role="img" aria-label={t("score", { score: rounded })} style={{ "--score": `${rounded * 3.6}deg` }}>
      <span aria-hidden="true">{number(rounded)}</span>
    </span>
  );
}

function Nearest({ moments, onPlay, onMake, onJump }: Props) {
  const near = moments.nearest ?? [];
  const isRanked = moments.order !== "time";
  if (near.length === 0) return null;
  return (
    <section>
      <h2 class="panel-title">{t("nearest")}</h2>
      <ol class="plain moments">
        {near.map((one) => {
          const range = { startMs: one.start_ms, endMs: one.end_ms };
          return (
            <li key={one.moment_id} class={`moment${isRanked ? "" : " unranked"}`}>
              {isRanked && <Score score={one.score} />}
              <div class="moment-body">
                <h3>{one.title || clockText(one.start_ms)}</h3>
                <p class="hint row"><button type="button" class="time-jump" onClick={() => onJump(one.start_ms)}>{clockText(one.start_ms)}</button><span>{duration(one.end_ms - one.start_ms)}</span></p>
                <ul>{shownLacks(one.lacks, isRanked).map((lack) => <li key={lack.what}><Lack lack={lack} /></li>)}</ul>
                <div class="row tight">
                  <Button small icon="play" onClick={() => onPlay(range)}>{t("play")}</Button>
                  {may("projects:write") && <Button small icon="plus" onClick={() => onMake({ id: one.moment_id, range })}>{t("make")}</Button>}
                </div>
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
