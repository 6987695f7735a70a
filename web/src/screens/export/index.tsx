/** One export: its file, its certificate, and what is left to do with it. */
import { useRoute } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { listen } from "~/api/events";
import { setQuery, useQuery } from "~/api/query";
import { Button, LinkButton } from "~/components/button";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { FailureText } from "~/components/failure";
import { ExportProgress } from "~/components/exports/progress";
import { useUsualTime } from "~/components/exports/usual-time";
import { Page } from "~/components/page";
import { ShareDialog } from "~/components/share-dialog";
import { Badge, Empty, Loading, Notice, ProblemNotice, type Tone } from "~/components/states";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { CertificateCard } from "./certificate";
import { FactsCard, FilesCard } from "./files";
import { t } from "./messages";
import { ReplayCard } from "./replay";
import "./export.css";

type Export = Schemas["Export"];
const TONE: Record<Export["state"], Tone> = { waiting: "neutral", rendering: "active", done: "good", failed: "bad", cancelled: "neutral" };
const ASK_MS = 2_500;
/** Signed addresses are read again before they run out. */
const RENEW_MS = 10 * 60_000;

export default function ExportScreen() {
  const id = useRoute().params["id"] ?? "";
  const key = `exports/${id}`;
  const found = useQuery(key, (signal) => call(api.GET("/v1/exports/{export_id}", { params: { path: { export_id: id } }, signal })));
  const shown = found.data;
  const clip = useQuery(shown ? `clips/${shown.clip_id}` : null, (signal) => call(api.GET("/v1/clips/{clip_id}", { params: { path: { clip_id: shown!.clip_id } }, signal })));
  const busy = shown?.state === "waiting" || shown?.state === "rendering";
  const usual = useUsualTime(busy ? clip.data?.exports ?? [] : [], 1);

  useEffect(() => listen("/v1/events", ["export.changed"], (_, data) => data["export_id"] === id && found.reload()), [id]);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && found.reload(), busy ? ASK_MS : RENEW_MS);
    return () => clearInterval(timer);
  }, [busy, found.reload]);

  const gone = found.problem?.status === 410 || (found.problem?.status === 404 && shown);
  if (gone) return <Page title={t("gone")}><Empty icon="trash" title={t("gone")}><p>{t("goneText")}</p><LinkButton kind="primary" href={to()}>{common("home")}</LinkButton></Empty></Page>;
  if (!shown) return found.problem ? <Page title={t("video")}><ProblemNotice problem={found.problem} onRetry={found.reload} /></Page> : <Loading label={t("loading")} />;
  return <ExportPage shown={shown} clipTitle={clip.data?.title ?? ""} usualMs={usual} onChanged={(next) => setQuery<Export>(key, () => next)} onLost={found.reload} />;
}

function ExportPage({ shown, clipTitle, usualMs, onChanged, onLost }: { shown: Export; clipTitle: string; usualMs: number | null; onChanged: (next: Export) => void; onLost: () => void }) {
  const [above, setAbove] = useState<"share" | "rename" | "cancel" | null>(null);
  const video = useRef<HTMLVideoElement>(null);
  const path = { export_id: shown.export_id };
  const canWrite = may("projects:write");
  const title = shown.title || clipTitle;
  const jump = (ms: number) => {
    const element = video.current;
    if (!element) return;
    element.pause();
    element.currentTime = Math.max(0, ms) / 1000;
    element.scrollIntoView({ block: "nearest", behavior: "smooth" });
  };
  const cancel = async () => onChanged(await call(api.POST("/v1/exports/{export_id}/cancel", { params: { path } })));
  const busy = shown.state === "waiting" || shown.state === "rendering";
  return (
    <Page
      title={t("title", { title, aspect: shown.aspect })}
      lead={<span class="row"><Badge tone={TONE[shown.state]}>{t(shown.state)}</Badge><a href={to("clips", shown.clip_id)}>{t("toClip")}</a></span>}
      actions={
        <>
          {canWrite && <Button icon="pencil" onClick={() => setAbove("rename")}>{t("rename")}</Button>}
          {canWrite && shown.state === "done" && <Button icon="share" onClick={() => setAbove("share")}>{t("share")}</Button>}
          {canWrite && busy && <Button kind="danger" onClick={() => setAbove("cancel")}>{t("cancel")}</Button>}
          {shown.files && <LinkButton kind="primary" icon="download" href={shown.files.video.url} download={shown.files.video.filename}>{t("download")}</LinkButton>}
        </>
      }
    >
      {shown.test && <Notice kind="warn">{t("draft")}</Notice>}
      {shown.watermark && <Notice>{t("watermark")}</Notice>}
      <div aria-live="polite">
        {busy && (
          <section class="card export-wait">
            <p><strong>{t(shown.state)}</strong> {t(shown.state === "waiting" ? "waitingText" : "renderingText")}</p>
            <ExportProgress stage={shown.state === "waiting" ? "waiting" : "rendering"} askedAt={Date.parse(shown.created_at)} usualMs={usualMs} />
          </section>
        )}
        {shown.state === "cancelled" && <Notice>{t("cancelledText")}</Notice>}
        {shown.failure && <Notice kind="failed"><FailureText failure={shown.failure} /></Notice>}
      </div>
      {(shown.state === "failed" || shown.state === "cancelled") && (
        <p class="row">
          {canWrite && shown.state === "failed" && <Button kind="primary" icon="redo" onClick={() => retry(shown).then(onLost)}>{t("retry")}</Button>}
          <LinkButton href={to("clips", shown.clip_id)} icon="pencil">{t("again")}</LinkButton>
        </p>
      )}
      {shown.files && shown.certificate && (
        <div class="export-columns">
          <div class="export-main">
            <Finished shown={shown} video={video} onLost={onLost} />
            <FactsCard shown={shown} onJump={jump} />
            <FilesCard shown={shown} />
          </div>
          <div>
            <CertificateCard certificate={shown.certificate} onJump={jump} />
            <ReplayCard exportId={shown.export_id} />
          </div>
        </div>
      )}
      {above === "share" && <ShareDialog exportIds={[shown.export_id]} title={title} onClose={() => setAbove(null)} />}
      {above === "rename" && <RenameDialog shown={shown} onChanged={onChanged} onClose={() => setAbove(null)} />}
      {above === "cancel" && <ConfirmDialog title={t("cancelTitle")} text={t("cancelText")} verb={t("cancelVerb")} onConfirm={cancel} onClose={() => setAbove(null)} />}
    </Page>
  );
}

/** Make a failed file again, as it was asked for. */
async function retry(failed: Export): Promise<void> {
  await call(api.POST("/v1/projects/{project_id}/retry", { params: { path: { project_id: failed.project_id } }, body: { export_id: failed.export_id } }));
  tell(t("retried"));
}

/** The file itself. Its address stays while it plays, though later answers bring others. */
function Finished({ shown, video, onLost }: { shown: Export; video: { current: HTMLVideoElement | null }; onLost: () => void }) {
  const [url, setUrl] = useState(shown.files!.video.url);
  const lost = useRef(false);
  useEffect(() => {
    if (!lost.current) return;
    lost.current = false;
    setUrl(shown.files!.video.url);
  }, [shown.files!.video.url]);
  const fail = () => {
    if (lost.current) return;
    lost.current = true;
    onLost();
  };
  const type = shown.files!.video.content_type;
  if (type.startsWith("image/")) return <img class="finished" src={url} alt={t("video")} onError={fail} />;
  if (type.startsWith("audio/")) return <audio class="finished" src={url} controls aria-label={t("video")} onError={fail} />;
  return <video ref={video} class="finished" src={url} poster={shown.files!.thumbnail.url} controls playsInline preload="metadata" aria-label={t("video")} onError={fail} />;
}

function RenameDialog({ shown, onChanged, onClose }: { shown: Export; onChanged: (next: Export) => void; onClose: () => void }) {
  const [title, setTitle] = useState(shown.title);
  const [problem, setProblem] = useState<unknown>(null);
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      onChanged(await call(api.PATCH("/v1/exports/{export_id}", {
        params: { path: { export_id: shown.export_id }, header: { "If-Match": `"export-${shown.revision}"` } },
        body: { title: title.trim() || null },
      })));
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Dialog title={t("rename")} onClose={onClose}>
      <form onSubmit={save}>
        <TextField label={t("name")} hint={t("nameHint")} value={title} onInput={setTitle} maxLength={200} autoFocus />
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit">{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
