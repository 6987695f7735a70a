/** Files of several clips by one choice of options. One request for each clip and platform; what is refused is told by clip. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem, type ApiProblem } from "~/api/problem";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { countFiles, ExportForm, firstWish, optionsOf, shapesOf, type ExportWish } from "~/components/exports/form";
import { te } from "~/components/exports/messages";
import { useUsualTime } from "~/components/exports/usual-time";
import { Notice, ProblemNotice, Progress } from "~/components/states";
import { duration } from "~/i18n";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import { keys, type Clip, type Project } from "../data";
import { t } from "./messages";

/** After these nothing else of the same request would pass. */
const FINAL = ["quota-exceeded", "rate-limited", "concurrency-limited", "forbidden", "project-erased", "offline"];

interface Refused {
  clip: Clip;
  problem: ApiProblem;
}

export function BulkExportDialog({ project, clips, onClose, onAsked }: { project: Project; clips: Clip[]; onClose: () => void; onAsked: () => void }) {
  const [wish, setWish] = useState(() => firstWish(clips[0]?.exports[0]?.aspect ?? "9:16"));
  const [captions, setCaptions] = useState(true);
  const [left, setLeft] = useState(clips);
  const [done, setDone] = useState<number | null>(null);
  const [refused, setRefused] = useState<Refused[]>([]);
  const count = countFiles(wish) * left.length;
  const usual = useUsualTime(clips.flatMap((clip) => clip.exports), count);
  const ask = async () => {
    setRefused([]);
    setDone(0);
    const outcome = await askForAll(left, (clip) => askForOne(clip, wish, captions, project.options.export ?? {}), setDone);
    setDone(null);
    invalidate(keys.clips(project.project_id));
    const asked = left.length - outcome.left.length;
    if (asked > 0) tell(te("asked", { count: asked * countFiles(wish) }));
    if (outcome.left.length === 0) return onAsked();
    setLeft(outcome.left);
    setRefused(outcome.refused);
    return undefined;
  };
  return (
    <Dialog title={t("exportTitle", { count: clips.length })} onClose={onClose} wide>
      <ExportForm wish={wish} onChange={setWish} lengthsMs={left.map((clip) => clip.end_ms - clip.start_ms)} captions={captions} onCaptions={setCaptions} captionsHint={t("captionsHint")} />
      <p class="hint">{t("exportHint")} {usual !== null && t("estimate", { time: duration(usual), count })}</p>
      {done !== null && <Progress value={(done / left.length) * 100} label={t("asking")} text={t("askedFor", { done, total: left.length })} />}
      {refused.length > 0 && <RefusedNotice refused={refused} untried={left.length - refused.length} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="primary" icon="film" disabled={count === 0} onClick={ask}>{te("make", { count })}</Button>
      </div>
    </Dialog>
  );
}

async function askForOne(clip: Clip, wish: ExportWish, captions: boolean, base: Schemas["ExportOptions"]): Promise<void> {
  for (const options of optionsOf(wish, base)) {
    await call(api.POST("/v1/clips/{clip_id}/exports", { params: { path: { clip_id: clip.clip_id } }, body: { aspects: shapesOf(wish), captions, options } as Schemas["RequestExports"] }));
  }
}

/** Asks for one clip after the other. What was refused, and what was not tried after a refusal that holds for all, is left. */
export async function askForAll(clips: readonly Clip[], one: (clip: Clip) => Promise<void>, onDone: (count: number) => void): Promise<{ left: Clip[]; refused: Refused[] }> {
  const refused: Refused[] = [];
  for (const [at, clip] of clips.entries()) {
    try {
      await one(clip);
    } catch (error) {
      const problem = asProblem(error);
      refused.push({ clip, problem });
      if (FINAL.includes(problem.code)) return { left: [...new Set([...refused.map((own) => own.clip), ...clips.slice(at)])], refused };
    }
    onDone(at + 1);
  }
  return { left: refused.map((own) => own.clip), refused };
}

function RefusedNotice({ refused, untried }: { refused: Refused[]; untried: number }) {
  return (
    <div class="export-refused">
      <Notice kind="warn">
        <p><strong>{t("refused", { count: refused.length })}</strong> {untried > 0 && t("untried", { count: untried })}</p>
        <ul>{refused.map(({ clip }) => <li key={clip.clip_id}>{clip.title}</li>)}</ul>
      </Notice>
      <ProblemNotice problem={refused[0]!.problem} />
    </div>
  );
}
