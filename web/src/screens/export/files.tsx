/** Files of an export, and what is known about it. */
import type { Schemas } from "~/api/client";
import { LinkButton } from "~/components/button";
import { Card } from "~/components/page";
import { Table } from "~/components/table";
import { bytes, clock, dateTime, duration, number } from "~/i18n";
import { common } from "~/i18n/common";
import { templateWords } from "~/i18n/server-words";
import { t } from "./messages";

type Export = Schemas["Export"];
type FileLink = Schemas["FileLink"];
const TEXTS = ["srt", "vtt", "ass", "ttml", "txt"] as const;

function listed(files: Schemas["ExportLinks"]): { name: string; file: FileLink }[] {
  const texts = TEXTS.flatMap((kind) => (files[kind] ? [{ name: t(kind), file: files[kind] }] : []));
  const tracks = Object.entries(files.tracks).flatMap(([language, kinds]) =>
    Object.entries(kinds).map(([kind, file]) => ({ name: t("track", { kind: isText(kind) ? t(kind) : kind, language: language.toUpperCase() }), file })),
  );
  const stems = Object.entries(files.stems).map(([name, file]) => ({ name: t("stem", { name: name === "voice" || name === "mix" ? t(name) : name }), file }));
  const thumbnails = files.thumbnails.map((file, at) => ({ name: t("thumbnail", { number: at + 1 }), file: file as FileLink }));
  return [
    { name: t("videoFile"), file: files.video }, ...texts, ...tracks, ...stems,
    ...(thumbnails.length > 0 ? thumbnails : [{ name: t("thumbnail", { number: 1 }), file: files.thumbnail }]),
    ...(files.storyboard ? [{ name: t("storyboard"), file: files.storyboard }] : []),
  ];
}

function isText(kind: string): kind is (typeof TEXTS)[number] {
  return (TEXTS as readonly string[]).includes(kind);
}

export function FilesCard({ shown }: { shown: Export }) {
  if (!shown.files) return null;
  const zip = `/v1/projects/${shown.project_id}/exports.zip?export_ids=${shown.export_id}`;
  return (
    <Card title={t("files")} actions={<LinkButton small icon="download" href={zip} download>{t("zip")}</LinkButton>}>
      <Table
        caption={t("files")}
        rows={listed(shown.files)}
        keyOf={(one) => one.file.url}
        columns={[
          { title: t("kind"), cell: (one) => <>{one.name}<br /><small>{one.file.filename}</small></> },
          { title: t("size"), numeric: true, cell: (one) => bytes(one.file.size_bytes) },
          { title: "", cell: (one) => <LinkButton small icon="download" href={one.file.url} download={one.file.filename} title={one.file.filename}>{common("download")}</LinkButton> },
        ]}
      />
    </Card>
  );
}

export function FactsCard({ shown, onJump }: { shown: Export; onJump: (ms: number) => void }) {
  const { certificate } = shown;
  return (
    <Card title={t("facts")}>
      <dl class="facts">
        {certificate && (
          <>
            <dt>{t("picture")}</dt>
            <dd>{t("pictureValue", { width: String(certificate.width_px), height: String(certificate.height_px), rate: number(certificate.frame_rate, { maximumFractionDigits: 2 }) })}</dd>
            <dt>{t("length")}</dt>
            <dd>{duration(certificate.duration_ms)}</dd>
            <dt>{t("loudness")}</dt>
            <dd>{certificate.integrated_lufs == null ? t("noSound") : t("loudnessValue", { lufs: number(certificate.integrated_lufs, { maximumFractionDigits: 1 }), peak: number(certificate.true_peak_dbtp ?? 0, { maximumFractionDigits: 1 }) })}</dd>
            <dt>{t("captions")}</dt>
            <dd>{shown.captions ? t("captionsValue", { count: certificate.caption_cues, template: templateWords(shown.template)?.name ?? shown.template }) : t("noCaptions")}</dd>
          </>
        )}
        <dt>{t("version")}</dt>
        <dd>{number(shown.edit_version)}</dd>
        <dt>{t("made")}</dt>
        <dd>{dateTime(shown.finished_at ?? shown.created_at)}</dd>
        {certificate && <><dt>{t("encoder")}</dt><dd>{certificate.encoder}</dd></>}
      </dl>
      {certificate?.reused_from && <p class="hint">{t("reused")}</p>}
      {(certificate?.chunks_reused ?? 0) > 0 && <p class="hint">{t("chunks", { reused: certificate!.chunks_reused!, chunks: certificate!.chunks! })}</p>}
      {certificate?.framing && certificate.framing.length > 0 && (
        <details>
          <summary>{t("framing")}</summary>
          <ul class="plain framing">
            {certificate.framing.map((one) => (
              <li key={one.start_ms}><button type="button" class="link" onClick={() => onJump(one.start_ms - shown.start_ms)}>{clock(Math.max(0, one.start_ms - shown.start_ms))}</button> <span lang="en">{one.reason}</span></li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}
