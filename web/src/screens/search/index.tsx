/** One field across everything that was processed. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button, IconButton } from "~/components/button";
import { Segmented, Select } from "~/components/fields";
import { Page } from "~/components/page";
import { Empty, Loading, ProblemNotice } from "~/components/states";
import { number } from "~/i18n";
import { to } from "~/routes";
import { session } from "~/session/session";
import { FacetPanel } from "./facets";
import { t } from "./messages";
import { KINDS, MODES, SORTS, addressOf, askedOf, isFiltered, keepSearches, queryOf, recentSearches, rememberSearch, type Kind, type SearchQuery } from "./query";
import { MOST, Results, totalOf, walkHits } from "./results";
import "./search.css";

const TYPING_MS = 250;
const FEW = 5;
const PAGE = 20;

/** Titles of all projects that a hit names. */
function titlesOf(result: Schemas["SearchResult"]): Map<string, string> {
  const hits: { project_id: string; project_title: string }[] = [...result.segments, ...result.clips, ...result.chapters, ...result.entities];
  return new Map(hits.map((hit) => [hit.project_id, hit.project_title]));
}

function Start({ orgId, onSearch }: { orgId: string; onSearch: (q: string) => void }) {
  const [recent, setRecent] = useState(recentSearches(orgId));
  return (
    <>
      {recent.length > 0 && (
        <section class="card" aria-label={t("recent")}>
          <header class="card-head">
            <h2>{t("recent")}</h2>
            <Button small onClick={() => setRecent(keepSearches(orgId, []))}>{t("forgetAll")}</Button>
          </header>
          <ul class="plain recent">
            {recent.map((q) => (
              <li key={q}>
                <button type="button" class="link" onClick={() => onSearch(q)}>{q}</button>
                <IconButton small label={t("forget", { query: q })} icon="close" onClick={() => setRecent(keepSearches(orgId, recent.filter((one) => one !== q)))} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Empty icon="search" title={t("startTitle")}>
        <p>{t("startText")}</p>
        <dl class="facts syntax">
          <dt><kbd>"kinetic energy"</kbd></dt>
          <dd>{t("syntaxQuotes")}</dd>
          <dt><kbd>energy -kinetic</kbd></dt>
          <dd>{t("syntaxMinus")}</dd>
          <dt><kbd>enregy</kbd></dt>
          <dd>{t("syntaxTypos")}</dd>
        </dl>
      </Empty>
    </>
  );
}

export default function Search() {
  const { url, route } = useLocation();
  const query = queryOf(url.split("?")[1] ?? "");
  const address = addressOf(query);
  const orgId = session.value?.account?.org_id ?? "";
  const [text, setText] = useState(query.q);
  const [limits, setLimits] = useState({ address, limit: PAGE });
  const root = useRef<HTMLDivElement>(null);
  const written = useRef(query.q);
  const last = useRef<Schemas["SearchResult"] | null>(null);
  const asks = query.q.trim() !== "" || isFiltered(query);
  const limit = query.only ? (limits.address === address ? limits.limit : PAGE) : FEW;
  const read = useQuery(asks ? `search${address}#${limit}` : null, (signal) => call(api.GET("/v1/search", { params: { query: askedOf(query, limit) }, signal })));
  if (read.data) last.current = read.data;
  const result = asks ? read.data ?? last.current : null;

  const go = (next: SearchQuery) => route(to("search") + addressOf(next), true);
  useEffect(() => {
    // The address changed by a link or by the browser's way back: the field follows.
    if (query.q !== written.current) setText(query.q);
    written.current = query.q;
  }, [query.q]);
  useEffect(() => {
    if (text === query.q) return undefined;
    const timer = setTimeout(() => {
      written.current = text;
      go({ ...query, q: text });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, address]);
  useLayoutEffect(() => root.current?.querySelector<HTMLInputElement>("input[type=search]")?.focus(), []);
  const remember = () => rememberSearch(orgId, text);
  const total = result ? KINDS.reduce((sum, kind) => sum + totalOf(result, kind), 0) : 0;

  return (
    <Page title={t("title")} lead={t("lead")}>
      <div class="search" ref={root} onKeyDown={(event) => walkHits(event, root.current!)} onClick={(event) => (event.target as Element).closest("a.hit, a.hit-time") && remember()}>
        <form role="search" class="search-field" onSubmit={(event) => { event.preventDefault(); remember(); go({ ...query, q: text }); }}>
          <input type="search" aria-label={t("field")} aria-describedby="search-keys" placeholder={t("placeholder")} value={text} maxLength={500} onInput={(event) => setText(event.currentTarget.value)} />
          <p class="hint" id="search-keys">{t("keys")}</p>
        </form>
        {asks && (
          <div class="search-choices">
            <Segmented
              label={t("kinds")}
              value={query.only ?? "all"}
              choices={[{ value: "all" as const, label: t("all") }, ...KINDS.map((value) => ({ value, label: result && !query.only ? `${t(value)} ${number(totalOf(result, value))}` : t(value) }))]}
              onChange={(only: Kind | "all") => go({ ...query, only: only === "all" ? null : only })}
            />
            <Select label={t("mode")} value={query.mode} choices={MODES.map((value) => ({ value, label: t(`mode_${value}`) }))} onChange={(mode) => go({ ...query, mode })} />
            <Select label={t("sort")} value={query.sort} disabled={query.mode !== "words"} choices={SORTS.map((value) => ({ value, label: t(`sort_${value}`) }))} onChange={(sort) => go({ ...query, sort })} />
          </div>
        )}
        {!asks && <Start orgId={orgId} onSearch={setText} />}
        {asks && read.problem && <ProblemNotice problem={read.problem} onRetry={read.reload} />}
        {asks && !result && !read.problem && <Loading />}
        {result && (
          <>
            <p class="visually-hidden" role="status">{read.loading ? "" : t("hits", { count: total })}</p>
            <div class="search-body">
              <FacetPanel query={query} facets={result.facets} titles={titlesOf(result)} onChange={go} />
              <Results
                query={query}
                result={result}
                limit={limit}
                busy={read.loading}
                onKind={(only) => go({ ...query, only })}
                onMore={() => setLimits({ address, limit: Math.min(MOST, limit + PAGE) })}
              />
            </div>
          </>
        )}
      </div>
    </Page>
  );
}
