/** The project's clips as a grid; several are chosen by their boxes. */
import { useMemo, useState } from "preact/hooks";
import { Checkbox, Segmented } from "~/components/fields";
import { Empty } from "~/components/states";
import type { Clip, Project } from "../data";
import { BulkBar } from "./bulk";
import { ClipCard } from "./card";
import { t } from "./messages";
import { choose, chooseAll, NOTHING } from "./selection";

interface Props {
  project: Project;
  clips: Clip[];
  /** Whether the scores rank the clips: else they stand in order of time, without scores. */
  isRanked: boolean;
  reason: string | null;
  atWork: boolean;
  onJump: (ms: number) => void;
}

export function ClipsPanel(props: Props) {
  const { clips, reason, atWork } = props;
  if (clips.length > 0) return <Grid {...props} />;
  return (
    <div class="panel-pad">
      <Empty icon="film" title={t("none")}>
        {reason ? <p lang="en">{t("reason", { reason })}</p> : null}
        <p>{atWork ? t("noneRunning") : t("noneText")}</p>
      </Empty>
    </div>
  );
}

function Grid({ project, clips, isRanked, onJump }: Props) {
  const [wanted, setWanted] = useState<"best" | "time">("best");
  const order = isRanked ? wanted : "time";
  const shown = useMemo(() => (order === "best" ? clips : [...clips].sort((one, two) => one.start_ms - two.start_ms)), [clips, order]);
  const [selection, setSelection] = useState(NOTHING);
  const ids = shown.map((clip) => clip.clip_id);
  const chosen = shown.filter((clip) => selection.chosen.has(clip.clip_id));
  const isAll = chosen.length === shown.length;
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && chosen.length > 0) return setSelection(NOTHING);
    if (event.key.toLowerCase() !== "a" || !(event.ctrlKey || event.metaKey)) return undefined;
    event.preventDefault();
    return setSelection(chooseAll(ids));
  };
  return (
    <div class="panel-pad">
      {clips.length > 1 && (
        <div class="row clip-tools">
          {isRanked ? <Segmented label={t("order")} value={order} onChange={setWanted} choices={[{ value: "best", label: t("best") }, { value: "time", label: t("time") }]} /> : <p class="hint">{t("byTime")}</p>}
          <Checkbox label={t("chooseAll", { count: clips.length })} checked={isAll} onChange={(on) => setSelection(on ? chooseAll(ids) : NOTHING)} />
        </div>
      )}
      {chosen.length > 0 && <BulkBar project={project} chosen={chosen} onClear={() => setSelection(NOTHING)} />}
      <ul class="plain clip-grid" onKeyDown={onKey}>
        {shown.map((clip) => (
          <ClipCard
            key={clip.clip_id} projectId={project.project_id} clip={clip} isRanked={isRanked} onJump={onJump}
            isChosen={selection.chosen.has(clip.clip_id)} onChoose={(on, isRange) => setSelection((old) => choose(old, ids, clip.clip_id, on, isRange))}
          />
        ))}
      </ul>
    </div>
  );
}
