/** What the recording is about; everything jumps to its second. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Empty } from "~/components/states";
import { clock as clockText } from "~/i18n";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import type { Intelligence } from "../data";
import { Relations } from "./graph";
import { t } from "./messages";

type Point = Schemas["Point"];
type Jump = (ms: number) => void;

const KINDS = ["person", "organisation", "place", "work", "event", "date", "time", "money", "number", "percent"] as const;

export function KnowledgePanel({ knowledge, onJump }: { knowledge: Intelligence; onJump: Jump }) {
  const { summary = [], chapters = [], topics = [], key_points = [], quotes = [], questions = [], entities = [], relations = [], notes = [] } = knowledge;
  const isEmpty = [summary, chapters, topics, key_points, quotes, questions, entities, relations].every((list) => list.length === 0);
  return (
    <div class="panel-pad knowledge">
      {isEmpty && <Empty icon="text" title={t("nothing")} />}
      <Points title={t("summary")} points={summary} onJump={onJump} />
      {chapters.length > 0 && <Chapters chapters={chapters} onJump={onJump} />}
      {topics.length > 0 && (
        <Part title={t("topics")}>
          <ul class="plain row tight">
            {topics.map((topic) => <li key={topic.name}><Mentions name={topic.name} mentions={topic.mentions} onJump={onJump} /></li>)}
          </ul>
        </Part>
      )}
      <Points title={t("keyPoints")} points={key_points} onJump={onJump} />
      <Points title={t("quotes")} points={quotes} onJump={onJump} />
      <Points title={t("questions")} points={questions} onJump={onJump} />
      {entities.length > 0 && <Entities entities={entities} onJump={onJump} />}
      {relations.length > 0 && <Part title={t("relations")}><Relations relations={relations} onJump={onJump} /></Part>}
      {notes.length > 0 && <Part title={t("notes")}><ul lang="en">{notes.map((note) => <li key={note}>{note}</li>)}</ul></Part>}
    </div>
  );
}

function Part({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="knowledge-part">
      <header class="row"><h2 class="panel-title">{title}</h2><span class="spread" />{actions}</header>
      {children}
    </section>
  );
}

function Chapters({ chapters, onJump }: { chapters: Schemas["Chapter"][]; onJump: Jump }) {
  const copy = async () => {
    await navigator.clipboard.writeText(chapters.map((one) => `${clockText(one.start_ms)} ${one.title}`).join("\n"));
    tell(common("copied"));
  };
  return (
    <Part title={t("chapters")} actions={<Button small kind="quiet" icon="copy" onClick={copy}>{t("copy")}</Button>}>
      <ol class="plain">
        {chapters.map((one) => (
          <li key={one.start_ms}>
            <button type="button" class="quote-jump" onClick={() => onJump(one.start_ms)}>
              <span class="time-jump">{clockText(one.start_ms)}</span>
              <span><strong>{one.title}</strong><br /><q class="hint">{one.quote.text}</q></span>
            </button>
          </li>
        ))}
      </ol>
    </Part>
  );
}

function Points({ title, points, onJump }: { title: string; points: Point[]; onJump: Jump }) {
  if (points.length === 0) return null;
  return (
    <Part title={title}>
      <ul class="plain">
        {points.map((one) => (
          <li key={`${one.quote.start_ms}-${one.quote.text}`}>
            <button type="button" class="quote-jump" onClick={() => onJump(one.quote.start_ms)}>
              <span class="time-jump">{clockText(one.quote.start_ms)}</span>
              <span>
                {one.text ? <>{one.text}<br /><q class="hint">{one.quote.text}</q></> : <q>{one.quote.text}</q>}
                {one.quote.doubtful && <small> ({t("doubtful")})</small>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** A name; each press goes to the next time that it is said. */
function Mentions({ name, mentions, onJump }: { name: string; mentions: { start_ms: number }[]; onJump: Jump }) {
  const next = useRef(0);
  const go = () => {
    const one = mentions[next.current % mentions.length];
    next.current += 1;
    if (one) onJump(one.start_ms);
  };
  return (
    <button type="button" class="chip" onClick={go} title={t("times", { count: mentions.length })}>
      {name} {mentions.length > 1 && <small aria-hidden="true">{mentions.length}</small>}
      <span class="visually-hidden">{t("at", { at: clockText(mentions[0]?.start_ms ?? 0) })}</span>
    </button>
  );
}

function Entities({ entities, onJump }: { entities: Schemas["Entity"][]; onJump: Jump }) {
  return (
    <Part title={t("entities")}>
      <dl class="entities">
        {KINDS.map((kind) => {
          const own = entities.filter((one) => one.kind === kind);
          if (own.length === 0) return null;
          return (
            <div key={kind}>
              <dt>{t(`kind_${kind}`)}</dt>
              <dd class="row tight">{own.map((one) => <Mentions key={one.name} name={one.name} mentions={one.mentions} onJump={onJump} />)}</dd>
            </div>
          );
        })}
      </dl>
    </Part>
  );
}
