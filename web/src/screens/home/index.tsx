/** Projects as cards: how each stands, live; what the plan has left; what needs attention. */
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { Button, LinkButton } from "~/components/button";
import { Icon } from "~/components/icon";
import { More } from "~/components/more";
import { Page } from "~/components/page";
import { Empty, ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tellProblem } from "~/state/toasts";
import { FileButton, useNewFiles } from "~/uploads/drop";
import { UploadList } from "~/uploads/list";
import { openUploads } from "~/uploads/model";
import { SampleButton } from "~/uploads/sample";
import { CardGhost, ProjectCard } from "./card";
import { CardDialog, retryProject, type CardAction } from "./card-menu";
import { useCards } from "./cards";
import { FilterBar } from "./filters";
import { useLive } from "./live";
import { Tour } from "./tour";
import { t } from "./messages";
import { filtersOf, isFiltered, queryOf, type Card, type Filters } from "./model";
import { NeedsAttention, PlanUse } from "./overview";
import "./home.css";

const PICTURES_AGAIN_MS = 60_000;

function FirstSteps({ onFiles }: { onFiles: (files: File[]) => void }) {
  return (
    <section class="first-steps">
      <div class="drop-zone">
        <Icon name="upload" size={44} />
        <h2>{t("emptyTitle")}</h2>
        <p>{t("emptyText")}</p>
        <div class="row">
          <FileButton onFiles={onFiles}>{t("emptyChoose")}</FileButton>
          <LinkButton icon="link" href={`${to("new")}?from=link`}>{t("emptyOther")}</LinkButton>
          <SampleButton onFiles={onFiles} />
        </div>
      </div>
      <ol class="plain">
        {([["upload", "stepOne"], ["clock", "stepTwo"], ["scissors", "stepThree"]] as const).map(([icon, key]) => (
          <li key={key}><Icon name={icon} />{t(key)}</li>
        ))}
      </ol>
    </section>
  );
}

export default function Home() {
  const { query, route } = useLocation();
  const filters = filtersOf(query);
  const cards = useCards(filters);
  const [asked, setAsked] = useState<{ action: CardAction; card: Card } | null>(null);
  const newest = useRef({ cards, filters });
  newest.current = { cards, filters };
  const readAgain = useLive(cards, filters);

  const go = useCallback((next: Filters, replace = false) => route(to() + queryOf(next), replace), [route]);
  const onTag = useCallback((tag: string) => go({ ...newest.current.filters, tag }), [go]);
  const onAction = useCallback((action: CardAction, card: Card) => {
    if (action === "retry") return retryProject(card, newest.current.cards.update).catch(tellProblem);
    return setAsked({ action, card });
  }, []);
  // Signed addresses of pictures live a quarter of an hour: the page of a lost one is read again, at most once a minute.
  const lostAt = useRef(new Map<string, number>());
  const onLostPicture = useCallback((id: string) => {
    if (Date.now() - (lostAt.current.get(id) ?? 0) < PICTURES_AGAIN_MS) return;
    lostAt.current.set(id, Date.now());
    readAgain(id);
  }, [readAgain]);
  const onFiles = useNewFiles();

  const tags = useMemo(() => [...new Set(cards.items.flatMap((card) => card.tags))].sort(), [cards.items]);
  const writes = may("projects:write");
  const filtered = isFiltered(filters);
  const empty = cards.items.length === 0 && !cards.loading && !cards.problem;
  const first = empty && !filtered;
  const list = openUploads.value;

  return (
    <Page title={t("title")} wide>
      <NeedsAttention />
      {writes && !first && !filtered && cards.items.length > 0 && <Tour cards={cards.items} />}
      {!first && <PlanUse />}
      {list.length > 0 && <section class="home-uploads"><UploadList list={list} /></section>}
      {!first && <FilterBar filters={filters} tags={tags} onChange={go} />}
      <p class="visually-hidden" role="status">{cards.loading ? common("loading") : t("shown", { count: cards.items.length })}</p>
      {first && (writes ? <FirstSteps onFiles={onFiles} /> : <Empty icon="film" title={t("nothingTitle")} />)}
      {empty && filtered && (
        <Empty icon="search" title={t("nothingTitle")}>
          <p>{t("nothingText")}</p>
          <Button onClick={() => go({ ...filters, state: "", tag: "", q: "" })}>{t("clear")}</Button>
        </Empty>
      )}
      {(cards.items.length > 0 || cards.loading) && (
        <ul class={`project-grid plain${cards.loading === "start" && cards.items.length > 0 ? " reading" : ""}`} aria-label={t("title")}>
          {cards.items.map((card) => <ProjectCard key={card.project_id} card={card} onAction={onAction} onTag={onTag} onLostPicture={onLostPicture} />)}
          {cards.items.length === 0 && Array.from({ length: 8 }, (_, at) => <CardGhost key={at} />)}
        </ul>
      )}
      {cards.problem && <ProblemNotice problem={cards.problem} onRetry={cards.retry} />}
      {cards.hasMore && <More loading={cards.loading !== null} waits={cards.problem !== null} onMore={cards.more} />}
      {asked && <CardDialog card={asked.card} action={asked.action} update={cards.update} onClose={() => setAsked(null)} />}
    </Page>
  );
}
