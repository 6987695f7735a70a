/** Why a moment got its score: each sub-score with its sentence, and the words, seconds and figures that it rests on. */
import type { Schemas } from "~/api/client";
import { clock as clockText, number, percent } from "~/i18n";
import { evidenceWord, unitWord } from "~/i18n/server-words";
import { subScore, t } from "./messages";

type Evidence = Schemas["Evidence"];
type Signal = Omit<Schemas["SubScore"], "evidence"> & { evidence?: Evidence[] };

/** Without ranks (`isRanked` false) only what was found is told, and no figure of it. */
export function Evidence({ signals, isRanked, onJump }: { signals: Signal[]; isRanked: boolean; onJump: (ms: number) => void }) {
  const ordered = [...signals].sort((one, two) => Math.abs(two.effect ?? two.weight * two.value) - Math.abs(one.effect ?? one.weight * one.value));
  return (
    <ul class="plain evidence">
      {ordered.map((signal) => (
        <li key={signal.name}>
          <div class="evidence-head">
            <strong>{subScore(signal.name)}</strong>
            {isRanked && <Share signal={signal} />}
          </div>
          {signal.told && <p lang="en">{signal.told}</p>}
          {isRanked && (
            <p class="hint">
              {t("weight", { percent: percent(signal.weight) })}
              {signal.confidence != null && <> · {t("unsure", { percent: percent(signal.confidence) })}</>}
            </p>
          )}
          {signal.evidence && <Items items={signal.evidence} onJump={onJump} />}
        </li>
      ))}
    </ul>
  );
}

function Share({ signal }: { signal: Signal }) {
  const value = Math.round(signal.value * 100);
  return (
    <>
      <span class="evidence-bar" role="img" aria-label={t("part", { name: subScore(signal.name), value })}>
        <span style={{ inlineSize: `${value}%` }} />
      </span>
      <span class="numeric">{number(value)}</span>
    </>
  );
}

function Items({ items, onJump }: { items: Evidence[]; onJump: (ms: number) => void }) {
  if (items.length === 0) return null;
  return (
    <details>
      <summary>{t("evidence")}</summary>
      <ul class="plain evidence-items">
        {items.map((item, at) => (
          <li key={at}>
            <button type="button" class="time-jump" onClick={() => onJump(item.start_ms)}>{clockText(item.start_ms)}</button>
            <ItemText item={item} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Quotes are in the language that was spoken; kinds and units are English where the page has no word of its own. */
function ItemText({ item }: { item: Evidence }) {
  const own = evidenceWord(item.kind);
  const kind = <span lang={own ? undefined : "en"}>{own ?? item.kind.replaceAll("_", " ")}</span>;
  const unit = item.unit && (unitWord(item.unit) ?? item.unit);
  return (
    <span>
      {item.text ? <q lang="">{item.text}</q> : kind}
      {item.value != null && (item.unit || !item.text) && <span class="hint"> {item.text && kind} {number(item.value, { maximumFractionDigits: 2 })} {unit}</span>}
      {item.doubtful && <span class="hint"> ({t("doubtful")})</span>}
    </span>
  );
}
