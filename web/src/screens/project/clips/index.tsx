/** The project's clips as a grid. */
import { useMemo, useState } from "preact/hooks";
import { Segmented } from "~/components/fields";
import { Empty } from "~/components/states";
import type { Clip } from "../data";
import { ClipCard } from "./card";
import { t } from "./messages";

export function ClipsPanel({ projectId, clips, reason, atWork, onJump }: {
  projectId: string;
  clips: Clip[];
  reason: string | null;
  atWork: boolean;
  onJump: (ms: number) => void;
}) {
  const [order, setOrder] = useState<"best" | "time">("best");
  const shown = useMemo(() => (order === "best" ? clips : [...clips].sort((one, two) => one.start_ms - two.start_ms)), [clips, order]);
  if (clips.length === 0) {
    return (
      <div class="panel-pad">
        <Empty icon="film" title={t("none")}>
          {reason ? <p lang="en">{t("reason", { reason })}</p> : null}
          <p>{atWork ? t("noneRunning") : t("noneText")}</p>
        </Empty>
      </div>
    );
  }
  return (
    <div class="panel-pad">
      {clips.length > 1 && (
        <Segmented label={t("order")} value={order} onChange={setOrder} choices={[{ value: "best", label: t("best") }, { value: "time", label: t("time") }]} />
      )}
      <ul class="plain clip-grid">
        {shown.map((clip) => <ClipCard key={clip.clip_id} projectId={projectId} clip={clip} onJump={onJump} />)}
      </ul>
    </div>
  );
}
