/** The picture of a project: its first clip's, or a drawn one until there is such. */
import { useEffect, useState } from "preact/hooks";
import { Icon } from "~/components/icon";
import { clock } from "~/i18n";
import type { Card } from "./model";

/** A shade that stays the same for a project. */
function shadeOf(id: string): number {
  return [...id].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 4, 0);
}

export function Thumbnail({ card, onLost }: { card: Card; onLost: (id: string) => void }) {
  const url = card.thumbnail_url ?? null;
  const [lost, setLost] = useState(false);
  useEffect(() => setLost(false), [url]);
  const shown = url !== null && !lost;
  return (
    <div class={`thumb shade-${shadeOf(card.project_id)}`}>
      {shown ? (
        <>
          <img class="thumb-ground" src={url} alt="" loading="lazy" decoding="async" aria-hidden="true" />
          <img class="thumb-picture" src={url} alt="" loading="lazy" decoding="async" onError={() => { setLost(true); onLost(card.project_id); }} />
        </>
      ) : (
        <Icon name={card.state === "failed" ? "warning" : "film"} size={36} />
      )}
      {card.duration_ms !== null && <span class="thumb-length">{clock(card.duration_ms)}</span>}
    </div>
  );
}
