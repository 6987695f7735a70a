/** One project: picture, title, how far it is, what it cost, and what can be done with it. */
import { useMemo } from "preact/hooks";
import { Button } from "~/components/button";
import { Icon } from "~/components/icon";
import { Badge, type Tone } from "~/components/states";
import { ago, date, duration, language, money, percent } from "~/i18n";
import { failureWord } from "~/i18n/failures";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { CardMenu, type CardAction } from "./card-menu";
import { stageWord, t } from "./messages";
import { isAtWork, shownStages, type Card, type CardStage } from "./model";
import { Thumbnail } from "./thumbnail";

const TONES: Record<Card["state"], Tone> = { queued: "neutral", running: "active", completed: "good", failed: "bad", cancelled: "warn" };
const EXPIRY_SHOWN_MS = 7 * 86_400_000;

export interface CardHandlers {
  onAction: (action: CardAction, card: Card) => void;
  onTag: (tag: string) => void;
  onLostPicture: (id: string) => void;
}

/** A reason in words: ours where it is a common one, else the API's sentence. */
export function reasonOf(failure: { reason: string; detail: string }): string {
  return failureWord(failure.reason) ?? (failure.detail || failure.reason);
}

function stateWord(card: Card): string {
  return card.state === "running" && card.percent !== undefined ? t("runningAt", { share: percent(card.percent / 100) }) : t(card.state);
}

function stageTitle(one: CardStage): string {
  const state =
    one.state === "running" ? t("stageRunning", { share: percent(one.percent / 100) }) : one.state === "failed" ? t("stageFailed") : t(one.state);
  return t("stageOf", { stage: stageWord(one.stage) ?? one.stage, state });
}

function Stages({ card }: { card: Card }) {
  const stages = shownStages(card.stages ?? []);
  return (
    <div class="segments" role="progressbar" aria-label={t("progressOf", { title: card.title || common("untitled") })} aria-valuemin={0} aria-valuemax={100} aria-valuenow={card.percent ?? 0}>
      {stages.map((one) => (
        <span key={one.stage} class={one.state} title={stageTitle(one)}>
          <span style={{ inlineSize: `${one.state === "done" || one.state === "skipped" ? 100 : one.percent}%` }} />
        </span>
      ))}
    </div>
  );
}

function AtWork({ card }: { card: Card }) {
  const left = card.time_left;
  const cost = card.cost?.money;
  const facts = [
    left ? t("timeLeft", { time: duration(left.expected) }) : "",
    cost ? t("cost", { money: money(cost, card.cost!.currency) }) : "",
  ].filter(Boolean);
  return (
    <>
      <Stages card={card} />
      <p class="card-line">
        <span>{card.stage ? (stageWord(card.stage) ?? card.stage) : t("inTurn")}</span>
        <span title={left ? t("timeLeftRange", { low: duration(left.low), high: duration(left.high) }) : undefined}>{facts.join(" · ")}</span>
      </p>
    </>
  );
}

function nameOfLanguage(code: string): string {
  try {
    return new Intl.DisplayNames(language.value, { type: "language" }).of(code === "jw" ? "jv" : code) ?? code;
  } catch {
    return code;
  }
}

function Ended({ card }: { card: Card }) {
  const count = card.clip_count;
  const facts = [
    count === undefined || card.state === "failed" ? "" : count === 0 ? t("noClips") : t("clips", { count }),
    card.language ? nameOfLanguage(card.language) : "",
    card.cost?.money ? t("costDone", { money: money(card.cost.money, card.cost.currency) }) : "",
    card.warnings ? t("warnings", { count: card.warnings }) : "",
  ].filter(Boolean);
  const when = card.finished_at ?? card.created_at;
  const expiry = card.expires_at && new Date(card.expires_at).getTime() - Date.now() < EXPIRY_SHOWN_MS ? card.expires_at : null;
  return (
    <>
      <p class="card-line">
        <span>{facts.join(" · ")}</span>
        <time dateTime={when} title={date(when, { dateStyle: "full", timeStyle: "short" })}>{ago(when)}</time>
      </p>
      {expiry && <p class="card-line card-expiry"><Icon name="clock" size={16} />{t("erasedOn", { when: ago(expiry) })}</p>}
    </>
  );
}

export function ProjectCard({ card, onAction, onTag, onLostPicture }: CardHandlers & { card: Card }) {
  const words = language.value;
  // A list of a thousand cards is drawn again at every event: only the card that changed is made anew.
  return useMemo(
    () => (
      <li class="project-card">
        <a class="project-link" href={to("projects", card.project_id)} tabIndex={-1} aria-hidden="true"><Thumbnail card={card} onLost={onLostPicture} /></a>
        <div class="project-body">
          <div class="project-head">
            <h2><a href={to("projects", card.project_id)} title={card.title}>{card.title || common("untitled")}</a></h2>
            <CardMenu card={card} onAction={onAction} />
          </div>
          <p class="badges">
            <Badge tone={TONES[card.state]}>{stateWord(card)}</Badge>
            {card.test && <Badge>{t("test")}</Badge>}
            {card.tags.map((tag) => (
              <button key={tag} type="button" class="tag-chip" title={t("tagged", { tag })} onClick={() => onTag(tag)}>{tag}</button>
            ))}
          </p>
          {isAtWork(card) ? <AtWork card={card} /> : <Ended card={card} />}
          {card.state === "failed" && (
            <div class="card-failure">
              {card.failure && <p lang={failureWord(card.failure.reason) ? undefined : "en"}>{reasonOf(card.failure)}</p>}
              {may("projects:write") && <Button small icon="redo" onClick={() => onAction("retry", card)}>{t("tryAgain")}</Button>}
            </div>
          )}
        </div>
      </li>
    ),
    [card, words, onAction, onTag, onLostPicture],
  );
}

/** A place for a card that is being read. */
export function CardGhost() {
  return <li class="project-card ghost" aria-hidden="true"><div class="thumb" /><div class="project-body"><span /><span /><span /></div></li>;
}
