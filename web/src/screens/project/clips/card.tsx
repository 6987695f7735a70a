/** A clip: its picture, which moves when one points at it, what it is, and the state of its files. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { invalidate } from "~/api/query";
import { Button, IconButton, LinkButton } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Icon } from "~/components/icon";
import { Badge, type Tone } from "~/components/states";
import { clock as clockText, duration } from "~/i18n";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { keys, useFile, type Clip } from "../data";
import { Evidence } from "../moments/evidence";
import { Score } from "../moments";
import { t } from "./messages";

type File = Schemas["ClipExport"];
const TONES: Record<File["state"], Tone> = { waiting: "neutral", rendering: "active", done: "good", failed: "bad", cancelled: "neutral" };

interface Props {
  projectId: string;
  clip: Clip;
  isRanked: boolean;
  isChosen: boolean;
  /** `isRange`: with Shift, all from the last one that was chosen. */
  onChoose: (on: boolean, isRange: boolean) => void;
  onJump: (ms: number) => void;
}

export function ClipCard({ projectId, clip, isRanked, isChosen, onChoose, onJump }: Props) {
  const [isAsking, ask] = useState(false);
  const newest = newestOfShapes(clip.exports);
  const shown = newest.find((file) => file.state === "done") ?? null;
  const failed = newest.find((file) => file.state === "failed");
  return (
    <li class={`clip-card${isChosen ? " chosen" : ""}`}>
      <Picture clip={clip} file={shown} isRanked={isRanked} />
      <label class="clip-choice">
        <input type="checkbox" aria-label={t("choose", { title: clip.title })} aria-keyshortcuts="Control+A Escape" checked={isChosen} onClick={(event) => onChoose(event.currentTarget.checked, event.shiftKey)} />
      </label>
      <div class="clip-body">
        <h3><a href={to("clips", clip.clip_id)}>{clip.title}</a></h3>
        <p class="hint row tight">
          <button type="button" class="time-jump" title={t("jump")} onClick={() => onJump(clip.start_ms)}>{clockText(clip.start_ms)}</button>
          <span>{duration(clip.end_ms - clip.start_ms)}</span>
          {clip.made_by === "person" && <span>{t("byPerson")}</span>}
        </p>
        <ul class="plain row tight" aria-label={t("files", { count: newest.length })}>
          {newest.map((file) => (
            <li key={file.export_id}><a class="file-badge" href={to("exports", file.export_id)} title={t("details", { aspect: file.aspect })}><Badge tone={toneOf(file)}>{file.state === "rendering" && <span class="spinner" aria-hidden="true" />}{t("file", { aspect: file.aspect, state: stateOf(file) })}</Badge></a></li>
          ))}
        </ul>
        {failed && (
          <p class="row tight"><span class="hint">{t("fileFailed")}</span>
            {may("projects:write") && <Button small onClick={() => retry(projectId, failed.export_id)}>{t("again")}</Button>}
          </p>
        )}
        <div class="row tight clip-actions">
          <LinkButton small kind="primary" icon="scissors" href={to("clips", clip.clip_id)}>{t("edit")}</LinkButton>
          {shown && <Download file={shown} />}
          {clip.signals.length > 0 && <IconButton small label={t("why")} icon="info" onClick={() => ask(true)} />}
        </div>
      </div>
      {isAsking && (
        <Dialog wide title={`${t("why")}: ${clip.title}`} onClose={() => ask(false)}>
          <p lang="en">{clip.reason}</p>
          <Evidence signals={clip.signals} isRanked={isRanked} onJump={(ms) => { ask(false); onJump(ms); }} />
        </Dialog>
      )}
    </li>
  );
}

function stateOf(file: File): string {
  return file.state === "done" && file.verdict && file.verdict !== "pass" ? t(`verdict_${file.verdict}`) : t(file.state);
}

function toneOf(file: File): Tone {
  if (file.state === "done" && file.verdict === "warn") return "warn";
  if (file.state === "done" && file.verdict === "fail") return "bad";
  return TONES[file.state];
}

/** The newest file of each shape, in the order of the shapes' first. */
export function newestOfShapes(files: readonly File[]): File[] {
  const found = new Map<string, File>();
  for (const file of files) {
    const known = found.get(file.aspect);
    if (!known || file.number > known.number) found.set(file.aspect, file);
  }
  return [...found.values()];
}

async function retry(projectId: string, exportId: string): Promise<void> {
  await call(api.POST("/v1/projects/{project_id}/retry", { params: { path: { project_id: projectId } }, body: { export_id: exportId } }));
  tell(t("retried"));
  invalidate(keys.clips(projectId));
  invalidate(keys.project(projectId));
}

function Download({ file }: { file: File }) {
  const known = useFile(file.export_id);
  const url = known.data?.files?.video.url;
  const fetchAgain = async () => {
    // A URL ends after a quarter of an hour; this one is fresh.
    const fresh = await call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: file.export_id } } }));
    const link = document.createElement("a");
    link.href = fresh.files?.video.url ?? "";
    link.download = fresh.files?.video.filename ?? "";
    link.click();
  };
  return <IconButton small label={t("download", { aspect: file.aspect })} icon="download" disabled={!url} onClick={fetchAgain} />;
}

const HOVER_MS = 250;

function Picture({ clip, file, isRanked }: { clip: Clip; file: File | null; isRanked: boolean }) {
  const known = useFile(file?.export_id ?? null);
  const [isPlaying, play] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const files = known.data?.files;
  const begin = () => {
    timer.current = setTimeout(() => play(true), HOVER_MS);
  };
  const end = () => {
    if (timer.current) clearTimeout(timer.current);
    play(false);
  };
  useEffect(() => end, []);
  const isPicture = files?.video.content_type.startsWith("video/");
  return (
    <a class="clip-picture" href={to("clips", clip.clip_id)} tabIndex={-1} aria-hidden="true" onMouseEnter={begin} onMouseLeave={end}>
      {files ? <img src={files.thumbnail.url} alt="" loading="lazy" onError={known.reload} /> : <span class="clip-blank"><Icon name="film" size={32} /></span>}
      {isPlaying && files && isPicture && <video src={files.video.url} muted autoplay loop playsInline aria-hidden="true" />}
      {isRanked && clip.score !== null && <Score score={clip.score} />}
      <span class="clip-length">{clockText(clip.end_ms - clip.start_ms)}</span>
    </a>
  );
}
