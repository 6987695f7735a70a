/** Exports of the clip, as they are made. */
import { useEffect } from "preact/hooks";
import { listen } from "~/api/events";
import { api, call, type Schemas } from "~/api/client";
import { invalidate, useQuery } from "~/api/query";
import { Button, LinkButton } from "~/components/button";
import { ExportProgress } from "~/components/exports/progress";
import { useAskedAt, useUsualTime } from "~/components/exports/usual-time";
import { Badge, Empty, Loading, ProblemNotice, type Tone } from "~/components/states";
import { to } from "~/routes";
import { tf } from "../file-messages";

const ASK_MS = 2_500;
const STATE_TONE: Record<Schemas["ClipExport"]["state"], Tone> = { waiting: "neutral", rendering: "active", done: "good", failed: "bad", cancelled: "neutral" };
const VERDICT_TONE: Record<string, Tone> = { pass: "good", warn: "warn", fail: "bad" };

/** `version`: the newest of the edit; files of earlier ones lack changes. */
export function FilesPanel({ clipId, version, canEdit, onExport }: { clipId: string; version: number; canEdit: boolean; onExport: () => void }) {
  const key = `clip-files/${clipId}`;
  const clip = useQuery(key, (signal) => call(api.GET("/v1/clips/{clip_id}", { params: { path: { clip_id: clipId } }, signal })));
  const exports = [...(clip.data?.exports ?? [])].sort((a, b) => b.number - a.number);
  const busy = exports.some((one) => one.state === "waiting" || one.state === "rendering");
  const usual = useUsualTime(exports, 1);
  useEffect(() => listen("/v1/events", ["export.changed"], (_, data) => data["clip_id"] === clipId && invalidate(key)), [clipId]);
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setInterval(() => document.visibilityState === "visible" && invalidate(key), ASK_MS);
    return () => clearInterval(timer);
  }, [busy, key]);

  if (clip.problem && !clip.data) return <ProblemNotice problem={clip.problem} onRetry={clip.reload} />;
  if (!clip.data) return <Loading />;
  const done = exports.filter((one) => one.state === "done");
  return (
    <>
      {exports.length > 0 && (
        <p class="row">
          {canEdit && <Button icon="plus" onClick={onExport}>{tf("newExport")}</Button>}
          {done.length > 1 && <LinkButton icon="download" href={`/v1/projects/${clip.data.project_id}/exports.zip?export_ids=${done.map((one) => one.export_id).join(",")}`} download>{tf("zip", { count: done.length })}</LinkButton>}
        </p>
      )}
      {busy && <p class="hint">{tf("leave")}</p>}
      {exports.length === 0 && (
        <Empty icon="film" title={tf("noFiles")}><p>{tf("noFilesText")}</p>{canEdit && <Button kind="primary" onClick={onExport}>{tf("newExport")}</Button>}</Empty>
      )}
      <ul class="plain files" aria-live="polite">
        {exports.map((one) => <ExportRow key={one.export_id} row={one} newest={version} usualMs={usual} canEdit={canEdit} onChanged={clip.reload} />)}
      </ul>
    </>
  );
}

function RowProgress({ id, stage, usualMs }: { id: string; stage: "waiting" | "rendering"; usualMs: number | null }) {
  return <ExportProgress stage={stage} askedAt={useAskedAt(id)} usualMs={usualMs} />;
}

function ExportRow({ row, newest, usualMs, canEdit, onChanged }: { row: Schemas["ClipExport"]; newest: number; usualMs: number | null; canEdit: boolean; onChanged: () => void }) {
  const busy = row.state === "waiting" || row.state === "rendering";
  const cancel = async () => {
    await call(api.POST("/v1/exports/{export_id}/cancel", { params: { path: { export_id: row.export_id } } }));
    onChanged();
  };
  return (
    <li>
      <span class={`shape shape-${row.aspect.replace(":", "-")}`} aria-hidden="true" />
      <div>
        <strong>{row.title || row.aspect}</strong> {row.title && <small>{row.aspect}</small>}
        <p class="row tight">
          <Badge tone={STATE_TONE[row.state]}>{tf(row.state)}</Badge>
          {row.verdict && <Badge tone={VERDICT_TONE[row.verdict] ?? "neutral"}>{tf(row.verdict)}</Badge>}
          <small>{row.automatic ? tf("automaticFile") : tf("ofVersion", { version: row.edit_version })}{row.edit_version < newest && ` · ${tf("outdated")}`}</small>
        </p>
        {busy && <RowProgress id={row.export_id} stage={row.state === "waiting" ? "waiting" : "rendering"} usualMs={usualMs} />}
      </div>
      {busy && canEdit ? <Button small onClick={cancel}>{tf("cancelExport")}</Button> : <LinkButton small href={to("exports", row.export_id)}>{tf("show")}</LinkButton>}
    </li>
  );
}
