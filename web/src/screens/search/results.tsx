/** The hits of a search, kind by kind, walked by arrows. */
import type { ComponentChildren } from "preact";
import type { Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Empty, Notice } from "~/components/states";
import { number } from "~/i18n";
import { common } from "~/i18n/common";
import { ChapterHit, ClipHit, EntityHit, SegmentHit } from "./hits";
import { t } from "./messages";
import { KINDS, type Kind, type SearchQuery } from "./query";

type Result = Schemas["SearchResult"];

export const MOST = 100;

export function totalOf(result: Result, kind: Kind): number {
  return { segments: result.segment_total, clips: result.clip_total, chapters: result.chapter_total, entities: result.entity_total }[kind];
}

function rowsOf(result: Result, kind: Kind): ComponentChildren[] {
  switch (kind) {
    case "segments":
      return result.segments.map((hit) => <SegmentHit key={`${hit.project_id}/${hit.start_ms}`} hit={hit} />);
    case "clips":
      return result.clips.map((hit) => <ClipHit key={hit.clip_id} hit={hit} />);
    case "chapters":
      return result.chapters.map((hit) => <ChapterHit key={`${hit.project_id}/${hit.start_ms}`} hit={hit} />);
    case "entities":
      return result.entities.map((hit) => <EntityHit key={`${hit.project_id}/${hit.kind}/${hit.name}`} hit={hit} />);
  }
}

/** Move the focus to the next or the previous hit; before the first one to the field. */
export function walkHits(event: KeyboardEvent, root: HTMLElement): void {
  const field = root.querySelector<HTMLInputElement>("input[type=search]");
  if (event.key === "Escape" && document.activeElement !== field) {
    event.preventDefault();
    field?.focus();
    return;
  }
  const isField = document.activeElement === field;
  const hits = [...root.querySelectorAll<HTMLElement>("a.hit")];
  const at = hits.findIndex((hit) => hit.parentElement?.contains(document.activeElement));
  if (!isField && at < 0) return;
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: isField ? undefined : 0, End: isField ? undefined : hits.length - 1 }[event.key];
  if (next === undefined || (isField && event.key === "ArrowUp")) return;
  event.preventDefault();
  if (next < 0) field?.focus();
  else hits[Math.min(next, hits.length - 1)]?.focus();
}

export function Results({ query, result, limit, busy, onKind, onMore }: {
  query: SearchQuery;
  result: Result;
  limit: number;
  busy: boolean;
  onKind: (kind: Kind) => void;
  onMore: () => void;
}) {
  const shown = (query.only ? [query.only] : [...KINDS]).filter((kind) => rowsOf(result, kind).length > 0);
  return (
    <div class="results" aria-busy={busy}>
      {query.mode !== "words" && !result.semantic.used && <Notice kind="warn"><p>{t("noMeaning", { reason: result.semantic.reason })}</p></Notice>}
      {shown.length === 0 && <Empty icon="search" title={t("none")}><p>{t("noneText")}</p></Empty>}
      {shown.map((kind) => {
        const rows = rowsOf(result, kind);
        const total = totalOf(result, kind);
        return (
          <section key={kind} class="card" aria-label={t(kind)}>
            <header class="card-head">
              <h2>{t(kind)} <span class="count">{number(total)}</span></h2>
              {!query.only && total > rows.length && <Button small onClick={() => onKind(kind)}>{t("showAll", { count: total })}</Button>}
            </header>
            <ol class="plain hits">{rows}</ol>
            {query.only && total > rows.length && (limit < MOST ? <p class="more"><Button busy={busy} onClick={onMore}>{common("more")}</Button></p> : <p class="hint">{t("most")}</p>)}
          </section>
        );
      })}
    </div>
  );
}
