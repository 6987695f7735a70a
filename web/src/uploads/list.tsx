/** Uploads as rows: how far each is, and what can be done about it. */
import { useState } from "preact/hooks";
import { IconButton, LinkButton } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Icon } from "~/components/icon";
import { Progress } from "~/components/states";
import { bytes, clock, duration, percent } from "~/i18n";
import { to } from "~/routes";
import { tell } from "~/state/toasts";
import { FileButton } from "./drop";
import { cancelUpload, giveFile, lose, pauseUpload, resumeUpload } from "./engine";
import { t } from "./messages";
import type { Upload } from "./model";
import "./uploads.css";

export function wordsOf(upload: Upload): string {
  const share = percent(upload.size === 0 ? 0 : upload.sentBytes / upload.size);
  switch (upload.state) {
    case "sending": {
      const parts = [t("sending", { sent: bytes(upload.sentBytes), size: bytes(upload.size) })];
      if (upload.bytesPerS) {
        parts.push(t("speed", { speed: bytes(upload.bytesPerS) }));
        parts.push(t("left", { time: duration(((upload.size - upload.sentBytes) / upload.bytesPerS) * 1000) }));
      }
      return parts.join(" · ");
    }
    case "paused":
      return t("paused", { share });
    case "needs-file":
      return upload.fault === "changed" ? t("changed") : upload.sentBytes > 0 ? t("needsFile", { share }) : t("needsFileNew");
    case "failed":
      return upload.fault === "changed" ? t("changed") : t("failed", { why: whyOf(upload) });
    case "sent":
      return upload.problem ? t("notMade", { why: whyOf(upload) }) : upload.plan ? t("sentPlanned") : t("sent");
    default:
      return t(upload.state);
  }
}

function whyOf(upload: Upload): string {
  const problem = upload.problem;
  if (!problem || problem.isOffline) return t("noAnswer");
  return [problem.detail || problem.title, problem.requestId ? `(${problem.requestId})` : ""].filter(Boolean).join(" ");
}

function Actions({ upload, onCancel }: { upload: Upload; onCancel: () => void }) {
  const { id, name, state } = upload;
  const asksFile = state === "needs-file" || (state === "failed" && upload.fault === "changed");
  const give = async (file: File | undefined) => {
    if (file && !(await giveFile(id, file))) tell(t("other", { name: file.name }));
  };
  return (
    <span class="upload-actions">
      {state === "started" && upload.projectId && <LinkButton small href={to("projects", upload.projectId)}>{t("openProject")}</LinkButton>}
      {asksFile && <FileButton small kind="plain" multiple={false} onFiles={(files) => void give(files[0])}>{t("choose")}</FileButton>}
      {["sending", "offline", "waiting"].includes(state) && <IconButton small icon="pause" label={t("pause", { name })} onClick={() => pauseUpload(id)} />}
      {state === "paused" && <IconButton small icon="play" label={t("resume", { name })} onClick={() => resumeUpload(id)} />}
      {state === "failed" && !asksFile && <IconButton small icon="redo" label={t("retry", { name })} onClick={() => resumeUpload(id)} />}
      {state === "started" ? (
        <IconButton small icon="close" label={t("clear", { name })} onClick={() => void lose(id)} />
      ) : (
        state !== "starting" && <IconButton small icon="close" label={t("cancel", { name })} onClick={onCancel} />
      )}
    </span>
  );
}

function Row({ upload }: { upload: Upload }) {
  const [asking, setAsking] = useState(false);
  const { name, state } = upload;
  const failed = state === "failed" || upload.problem !== null;
  const quiet = state === "sent" || state === "started";
  const cancel = () => (upload.sentBytes > 0 && state !== "sent" ? setAsking(true) : void cancelUpload(upload.id));
  const length = upload.facts?.durationMs ? t("length", { time: clock(upload.facts.durationMs) }) : "";
  return (
    <li class={`upload ${failed ? "wrong" : state}`}>
      <span class="upload-icon"><Icon name={quiet && !failed ? "check" : failed ? "warning" : "film"} /></span>
      <div class="upload-body">
        <p class="upload-name"><strong class="ellipsis" title={name}>{name}</strong><small>{[bytes(upload.size), length].filter(Boolean).join(" · ")}</small></p>
        {!quiet && <Progress value={upload.size === 0 ? 0 : Math.round((100 * upload.sentBytes) / upload.size)} label={t("progress", { name })} {...(failed ? { tone: "bad" as const } : {})} />}
        <p class="upload-state">{wordsOf(upload)}{upload.plan && !quiet && state !== "starting" && <span> · {t("planned")}</span>}</p>
      </div>
      <Actions upload={upload} onCancel={cancel} />
      {asking && (
        <ConfirmDialog title={t("cancelTitle")} text={t("cancelText", { name })} verb={t("cancelVerb")} onConfirm={() => cancelUpload(upload.id)} onClose={() => setAsking(false)} />
      )}
    </li>
  );
}

export function UploadList({ list }: { list: readonly Upload[] }) {
  return <ul class="uploads plain" aria-label={t("uploads")}>{list.map((one) => <Row key={one.id} upload={one} />)}</ul>;
}
