/** Why a moment got its score: each sub-score with its sentence, and the words, seconds and figures that it rests on. */
import type { Schemas } from "~/api/client";
import { clock as clockText, number, percent } from "~/i18n";
import { subScore, t } from "./messages";

type Evidence = Schemas["Evidence"];
type Signal = Omit<Schemas["SubScore"], "evidence"> & { evidence?: Evidence[] };

export function Evidence({ signals, onJump }: { signals: Signal[]; onJump: (ms: number) => void }) {
  const ordered = [...signals].sort((one, two) => Math.abs(two.effect ?? two.weight * two.value) - Math.abs(one.effect ?? one.weight * one.value));
  return (
    <ul class="plain evidence">
      {ordered.map((signal) => (
        <li key={signal.name}>
          <div class="evidence-head">
            <strong>{subScore(signal.name)}</strong>
            <span class="evidence-bar" role="img" aria-label={t("part", { name: subScore(signal.name), value: Math.round(signal.value * 100) })}>
              <span style={{ inlineSize: `${signal.value * 100}%` }} />
            </span>
            <span class="numeric">{number(Math.round(signal.value * 100))}</span>
          </div>
          {signal.told && <p lang="en">{signal.told}</p>}
          <p class="hint">
            {t("weight", { percent: percent(signal.weight) })}
            {signal.confidence != null && <> · {t("unsure", { percent: percent(signal.confidence) })}</>}
          </p>
          {signal.evidence && <Items items={signal.evidence} onJump={onJump} />}
        </li>
      ))}
    </ul>
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
            <span lang="en">
              {item.text ? <q>{item.text}</q> : item.kind.replaceAll("_", " ")}
              {item.value != null && (item.unit || !item.text) && <span class="hint"> {item.text ? `${item.kind.replaceAll("_", " ")} ` : ""}{number(item.value, { maximumFractionDigits: 2 })} {item.unit}</span>}
              {item.doubtful && <span class="hint"> ({t("doubtful")})</span>}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
