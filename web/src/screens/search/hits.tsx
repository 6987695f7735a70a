/** Hits of each kind; each is a link to the second at which it is said. */
import type { ComponentChildren } from "preact";
import type { Schemas } from "~/api/client";
import { Marked } from "~/components/marked";
import { Badge } from "~/components/states";
import { clock } from "~/i18n";
import { to, toPlace } from "~/routes";
import { t } from "./messages";
import { kindName } from "./names";

function Hit({ href, title, time, facts, children }: {
  href: string;
  title: ComponentChildren;
  /** Where to jump in the recording. */
  time?: { projectId: string; ms: number };
  facts: (string | null | undefined | false)[];
  children?: ComponentChildren;
}) {
  return (
    <li class="hit-row">
      <a class="hit" href={href}>
        <span class="hit-title">{title}</span>
      </a>
      {time && <a class="hit-time" href={toPlace(time.projectId, time.ms)} aria-label={t("jump", { time: clock(time.ms) })}>{clock(time.ms)}</a>}
      <div class="hit-facts">{facts.filter(Boolean).join(" · ")}</div>
      {children}
    </li>
  );
}

function Doubt({ trust }: { trust: string | null | undefined }) {
  return trust === "doubtful" ? <Badge tone="warn">{t("doubtful")}</Badge> : null;
}

export function SegmentHit({ hit }: { hit: Schemas["SegmentHit"] }) {
  return (
    <Hit
      href={toPlace(hit.project_id, hit.word_ms)}
      title={<Marked highlight={hit.highlight || hit.text} />}
      time={{ projectId: hit.project_id, ms: hit.word_ms }}
      facts={[hit.project_title, hit.speaker_name ?? hit.speaker]}
    >
      <Doubt trust={hit.trust} />
    </Hit>
  );
}

export function ClipHit({ hit }: { hit: Schemas["ClipHit"] }) {
  const isTitle = !hit.highlight || hit.highlight.replace(/<\/?mark>/g, "").length <= hit.title.length * 2;
  return (
    <Hit
      href={to("clips", hit.clip_id)}
      title={isTitle && hit.highlight ? <Marked highlight={hit.highlight} /> : hit.title}
      time={{ projectId: hit.project_id, ms: hit.word_ms }}
      facts={[hit.project_title, `${clock(hit.start_ms)}–${clock(hit.end_ms)}`, hit.speaker_names.join(", ")]}
    >
      <p class="hit-text">{isTitle ? hit.text : <Marked highlight={hit.highlight} />}</p>
      <Doubt trust={hit.trust} />
    </Hit>
  );
}

export function ChapterHit({ hit }: { hit: Schemas["ChapterHit"] }) {
  return (
    <Hit
      href={toPlace(hit.project_id, hit.word_ms)}
      title={<Marked highlight={hit.highlight || hit.title} />}
      time={{ projectId: hit.project_id, ms: hit.word_ms }}
      facts={[hit.project_title, `${clock(hit.start_ms)}–${clock(hit.end_ms)}`]}
    >
      <p class="hit-text">{hit.text}</p>
    </Hit>
  );
}

const SHOWN_MENTIONS = 8;

export function EntityHit({ hit }: { hit: Schemas["EntityHit"] }) {
  const across = `${to("search")}?${new URLSearchParams({ q: `"${hit.name}"`, only: "entities", kind: hit.kind })}`;
  return (
    <Hit href={toPlace(hit.project_id, hit.word_ms)} title={<Marked highlight={hit.highlight || hit.name} />} facts={[kindName(hit.kind), hit.project_title, t("mentions", { count: hit.mention_count })]}>
      <p class="mentions">
        {hit.mentions.slice(0, SHOWN_MENTIONS).map((one) => (
          <a key={one.start_ms} class="hit-time" href={toPlace(hit.project_id, one.start_ms)} title={one.text} aria-label={t("jump", { time: clock(one.start_ms) })}>{clock(one.start_ms)}</a>
        ))}
        <a href={across}>{t("across")}</a>
      </p>
    </Hit>
  );
}
