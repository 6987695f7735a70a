/** How names relate: a small graph, and the same as a list. */
import { useMemo, useState } from "preact/hooks";
import type { Schemas } from "~/api/client";
import { clock as clockText } from "~/i18n";
import { layGraph } from "./layout";
import { t } from "./messages";

type Relation = Schemas["Relation"];
const WIDTH = 640;
const HEIGHT = 340;
const MOST = 40;
const LETTERS = 24;

function short(name: string): string {
  return name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name;
}

export function Relations({ relations, onJump }: { relations: Relation[]; onJump: (ms: number) => void }) {
  const shown = relations.slice(0, MOST);
  const [over, setOver] = useState<number | null>(null);
  const { nodes, links } = useMemo(() => {
    const names = [...new Set(shown.flatMap((one) => [one.subject, one.object]))];
    const links = shown.map((one) => ({ from: names.indexOf(one.subject), to: names.indexOf(one.object) }));
    return { nodes: layGraph(names, links, WIDTH, HEIGHT), links };
  }, [relations]);
  const isNear = (at: number) => over === null || links[over]?.from === at || links[over]?.to === at;
  return (
    <div class="relations">
      <svg class="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("graph")}>
        {links.map((link, at) => {
          const from = nodes[link.from]!;
          const to = nodes[link.to]!;
          return (
            <g key={at} class={over === null || over === at ? "" : "far"}>
              <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
              {over === at && <text class="verb" x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 5}>{t(`rel_${shown[at]!.kind}`)}</text>}
            </g>
          );
        })}
        {nodes.map((node, at) => (
          <g key={node.name} class={isNear(at) ? "" : "far"}>
            <circle cx={node.x} cy={node.y} r={5 + Math.min(6, node.degree * 1.5)} />
            <text x={node.x} y={node.y - 12}>{short(node.name)}</text>
          </g>
        ))}
      </svg>
      <ul class="plain relation-list">
        {relations.map((one, at) => (
          <li key={at} onMouseEnter={() => setOver(at < MOST ? at : null)} onMouseLeave={() => setOver(null)}>
            <button type="button" class="quote-jump" onFocus={() => setOver(at < MOST ? at : null)} onBlur={() => setOver(null)} onClick={() => onJump(one.quote.start_ms)}>
              <span class="time-jump">{clockText(one.quote.start_ms)}</span>
              <span><strong>{one.subject}</strong> {t(`rel_${one.kind}`)} <strong>{one.object}</strong><br /><q class="hint">{one.quote.text}</q></span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
