/** What can be done with several clips at once. */
import { useState } from "preact/hooks";
import { Button, LinkButton } from "~/components/button";
import { ShareDialog } from "~/components/share-dialog";
import { may } from "~/session/session";
import type { Clip, Project } from "../data";
import { BulkExportDialog } from "./bulk-export";
import { newestOfShapes } from "./card";
import { t } from "./messages";

/** Bounds of the API: ids in one zip, clips in one share. */
const ZIP_FILES = 200;
const SHARED_CLIPS = 50;

/** The newest finished file of each shape of these clips. */
export function finishedFiles(clips: readonly Clip[]): string[] {
  return clips.flatMap((clip) => newestOfShapes(clip.exports.filter((file) => file.state === "done"))).map((file) => file.export_id);
}

export function BulkBar({ project, chosen, onClear }: { project: Project; chosen: Clip[]; onClear: () => void }) {
  const [asking, ask] = useState<"export" | "share" | null>(null);
  const files = finishedFiles(chosen);
  const shared = chosen.filter((clip) => clip.exports.some((file) => file.state === "done"));
  const canWrite = may("projects:write");
  const unshared = chosen.length - shared.length;
  return (
    <div class="bulk-bar" role="group" aria-label={t("chosenTools")}>
      <strong aria-live="polite">{t("chosen", { count: chosen.length })}</strong>
      {canWrite && <Button small kind="primary" icon="film" onClick={() => ask("export")}>{t("exportChosen")}</Button>}
      {files.length > 0 && files.length <= ZIP_FILES && <LinkButton small icon="download" href={`/v1/projects/${project.project_id}/exports.zip?export_ids=${files.join(",")}`} download>{t("zipChosen", { count: files.length })}</LinkButton>}
      {canWrite && shared.length > 0 && shared.length <= SHARED_CLIPS && <Button small icon="share" onClick={() => ask("share")}>{t("shareChosen")}</Button>}
      <Button small kind="quiet" onClick={onClear}>{t("clear")}</Button>
      {unshared > 0 && <p class="hint">{t("withoutFile", { count: unshared })}</p>}
      {files.length > ZIP_FILES && <p class="hint">{t("zipTooMany", { most: ZIP_FILES })}</p>}
      {shared.length > SHARED_CLIPS && <p class="hint">{t("shareTooMany", { most: SHARED_CLIPS })}</p>}
      {asking === "export" && <BulkExportDialog project={project} clips={chosen} onClose={() => ask(null)} onAsked={() => { ask(null); onClear(); }} />}
      {asking === "share" && <ShareDialog clipIds={shared.map((clip) => clip.clip_id)} title={shared.length === 1 ? shared[0]!.title : project.title} onClose={() => ask(null)} />}
    </div>
  );
}
