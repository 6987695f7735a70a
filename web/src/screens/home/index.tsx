/** Projects as cards: how each stands, live; what the plan has left; what needs attention. */
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call } from "~/api/client";
import { usePages } from "~/api/pages";
import { Button, LinkButton } from "~/components/button";
import { Icon } from "~/components/icon";
import { Page } from "~/components/page";
import { Empty, ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell, tellProblem } from "~/state/toasts";
import { DropAnywhere, FileButton } from "~/uploads/drop";
import { addFiles } from "~/uploads/engine";
import { UploadList } from "~/uploads/list";
import { openUploads } from "~/uploads/model";
import { refusalOf } from "~/uploads/refusals";
import { SampleButton } from "~/uploads/sample";
import { CardGhost, ProjectCard } from "./card";
import { CardDialog, retryProject, type CardAction } from "./card-menu";
import { FilterBar } from "./filters";
import { useLive } from "./live";
import { Tour } from "./tour";
import { t } from "./messages";
import { filtersOf, isFiltered, later, queryOf, type Card, type CardPage, type Filters } from "./model";
import { NeedsAttention, PlanUse } from "./overview";
import "./home.css";

const PAGE = 24;
const LARGEST_PAGE = 100;
const PICTURES_AGAIN_MS = 60_000;

function readCards({ state, tag, q, order }: Filters, limit: number, cursor: string | undefined, signal?: AbortSignal): Promise<CardPage> {
  const query = { limit, cursor, order, state: state || undefined, tag: tag || undefined, q: q.trim() || undefined };
  return call(api.GET("/v1/projects", { params: { query }, ...(signal ? { signal } : {}) }));
}

/** As many cards as are shown, read anew. */
async function readShown(filters: Filters, count: number): Promise<Card[]> {
  const items: Card[] = [];
  let cursor: string | undefined;
  do {
    const page = await readCards(filters, Math.min(LARGEST_PAGE, Math.max(PAGE, count - items.length)), cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && items.length < count);
  return items;
}

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
  const key = queryOf(filters);
  const pages = usePages<Card>(key, (cursor, signal) => readCards(filters, PAGE, cursor, signal));
  const [asked, setAsked] = useState<{ action: CardAction; card: Card } | null>(null);
  const newest = useRef({ pages, filters });
  newest.current = { pages, filters };
  const picturesAt = useRef(0);

  const show = useCallback((count: number) => readShown(newest.current.filters, count), []);
  useLive(pages, show);

  const go = useCallback((next: Filters, replace = false) => route(to() + queryOf(next), replace), [route]);
  const onTag = useCallback((tag: string) => go({ ...newest.current.filters, tag }), [go]);
  const onAction = useCallback((action: CardAction, card: Card) => {
    if (action === "retry") return retryProject(card, newest.current.pages.update).catch(tellProblem);
    return setAsked({ action, card });
  }, []);
  // Signed addresses of pictures live a quarter of an hour: a lost one has all read again, at most once a minute.
  const onLostPicture = useCallback(() => {
    if (Date.now() - picturesAt.current < PICTURES_AGAIN_MS) return;
    picturesAt.current = Date.now();
    const { pages: now } = newest.current;
    const count = now.items.length;
    void show(count).then((items) => now.update((old) => [...items, ...later(old, count, items)]), () => undefined);
  }, [show]);
  const onFiles = useCallback((files: File[]) => {
    void addFiles(files).then((refused) => refused.forEach((one) => tell(refusalOf(one))));
    route(to("new"));
  }, [route]);

  const tags = useMemo(() => [...new Set(pages.items.flatMap((card) => card.tags))].sort(), [pages.items]);
  const writes = may("projects:write");
  const filtered = isFiltered(filters);
  const empty = pages.items.length === 0 && !pages.loading && !pages.problem;
  const first = empty && !filtered;
  const list = openUploads.value;

  return (
    <Page title={t("title")} wide>
      {writes && <DropAnywhere onFiles={onFiles} />}
      <NeedsAttention />
      {writes && !first && !filtered && pages.items.length > 0 && <Tour cards={pages.items} />}
      {!first && <PlanUse />}
      {list.length > 0 && <section class="home-uploads"><UploadList list={list} /></section>}
      {!first && <FilterBar filters={filters} tags={tags} onChange={go} />}
      <p class="visually-hidden" role="status">{pages.loading ? common("loading") : t("shown", { count: pages.items.length })}</p>
      {pages.problem && pages.items.length === 0 && <ProblemNotice problem={pages.problem} onRetry={pages.reload} />}
      {first && (writes ? <FirstSteps onFiles={onFiles} /> : <Empty icon="film" title={t("nothingTitle")} />)}
      {empty && filtered && (
        <Empty icon="search" title={t("nothingTitle")}>
          <p>{t("nothingText")}</p>
          <Button onClick={() => go({ ...filters, state: "", tag: "", q: "" })}>{t("clear")}</Button>
        </Empty>
      )}
      {(pages.items.length > 0 || pages.loading) && (
        <ul class={`project-grid plain${pages.loading && pages.items.length > 0 ? " reading" : ""}`} aria-label={t("title")}>
          {pages.items.map((card) => <ProjectCard key={card.project_id} card={card} onAction={onAction} onTag={onTag} onLostPicture={onLostPicture} />)}
          {pages.items.length === 0 && Array.from({ length: 8 }, (_, at) => <CardGhost key={at} />)}
        </ul>
      )}
      {pages.problem && pages.items.length > 0 && <ProblemNotice problem={pages.problem} onRetry={pages.more} />}
      {pages.hasMore && <p class="more"><Button busy={pages.loading} onClick={pages.more}>{common("more")}</Button></p>}
      {asked && <CardDialog card={asked.card} action={asked.action} update={pages.update} onClose={() => setAsked(null)} />}
    </Page>
  );
}
