/** The ways in: files, a link, a script. */
import { useEffect, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Icon } from "~/components/icon";
import { Segmented, Select, TextArea, TextField } from "~/components/fields";
import { Notice } from "~/components/states";
import { ago, number } from "~/i18n";
import { to } from "~/routes";
import { FileButton } from "~/uploads/drop";
import { UploadList } from "~/uploads/list";
import type { Upload } from "~/uploads/model";
import { SampleButton } from "~/uploads/sample";
import { changeDraft, type Draft, type Rights, type Way } from "./draft";
import { t } from "./messages";
import type { FieldErrors } from "./options-model";

const TYPED_MS = 500;
const MAX_SCRIPT_BYTES = 60_000;
/** Sites whose addresses are pages with a video, not files; others are told by the API's refusal. */
const PAGES = /(^|\.)(youtube\.com|youtu\.be|vimeo\.com|tiktok\.com|twitch\.tv|dailymotion\.com|instagram\.com|facebook\.com|x\.com)$/i;

export function addressOf(text: string): URL | null {
  try {
    const url = new URL(text.trim());
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

export function isPage(url: URL | null): boolean {
  return url !== null && PAGES.test(url.hostname);
}

function Files({ list, refused, onFiles }: { list: readonly Upload[]; refused: readonly string[]; onFiles: (files: File[]) => void }) {
  return (
    <>
      <div class={`drop-target${list.length > 0 ? " small" : ""}`}>
        <Icon name="upload" size={list.length > 0 ? 24 : 36} />
        <p><strong>{t("dropHere")}</strong>{list.length === 0 && <><br /><span class="hint">{t("dropHint")}</span></>}</p>
        <div class="row">
          <FileButton kind={list.length > 0 ? "plain" : "primary"} onFiles={onFiles}>{t("choose")}</FileButton>
          {list.length === 0 && <SampleButton onFiles={onFiles} />}
        </div>
      </div>
      {refused.length > 0 && (
        <Notice kind="failed">{refused.map((line) => <p key={line}>{line}</p>)}</Notice>
      )}
      {list.length > 0 && <UploadList list={list} />}
    </>
  );
}

/** The newest project of the same address, if somebody made one. */
function MadeBefore({ url }: { url: string }) {
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(addressOf(url) ? url.trim() : ""), TYPED_MS);
    return () => clearTimeout(timer);
  }, [url]);
  const { data } = useQuery(asked ? `projects?source=${asked}` : null, (signal) =>
    call(api.GET("/v1/projects", { params: { query: { source_url: asked, limit: 1 } }, signal })).then((page): Schemas["ProjectCard"] | null => page.items[0] ?? null),
  );
  if (!data || asked !== url.trim()) return null;
  return (
    <Notice>
      <p>{t("madeBefore", { title: data.title, when: ago(data.created_at) })}</p>
      <p><a href={to("projects", data.project_id)}>{t("openIt")}</a></p>
    </Notice>
  );
}

function Link({ draft, errors }: { draft: Draft; errors: FieldErrors }) {
  const { url, rights } = draft;
  const rightsError = errors.get("/page_rights") ?? null;
  const known = addressOf(url);
  return (
    <>
      <TextField
        type="url"
        inputMode="url"
        label={t("url")}
        hint={t("urlHint")}
        placeholder="https://"
        error={errors.get("/source_url") ?? (url.trim() !== "" && !known ? t("noAddress") : null)}
        value={url}
        onInput={(next) => changeDraft({ url: next })}
      />
      {(rightsError !== null || rights !== "" || isPage(known)) && (
        <Select<Rights>
          label={t("rights")}
          hint={t("rightsHint")}
          error={rightsError}
          value={rights}
          choices={[{ value: "", label: t("rightsNone") }, { value: "own", label: t("rightsOwn") }, { value: "licence", label: t("rightsLicence") }, { value: "permission", label: t("rightsPermission") }]}
          onChange={(next) => changeDraft({ rights: next })}
        />
      )}
      <MadeBefore url={url} />
    </>
  );
}

function Script({ draft, errors }: { draft: Draft; errors: FieldErrors }) {
  const left = MAX_SCRIPT_BYTES - new TextEncoder().encode(draft.script).length;
  return (
    <TextArea
      label={t("script")}
      hint={left < 5_000 ? t("scriptLeft", { count: number(left) }) : t("scriptHint")}
      error={errors.get("/script_text") ?? (left < 0 ? t("scriptLong") : null)}
      rows={9}
      value={draft.script}
      onInput={(script) => changeDraft({ script })}
    />
  );
}

export function Sources({ draft, list, refused, errors, onFiles }: {
  draft: Draft;
  list: readonly Upload[];
  refused: readonly string[];
  errors: FieldErrors;
  onFiles: (files: File[]) => void;
}) {
  const ways: { value: Way; label: string }[] = [{ value: "files", label: t("wayFiles") }, { value: "link", label: t("wayLink") }, { value: "script", label: t("wayScript") }];
  const single = draft.way !== "files" || list.length === 1;
  return (
    <section class="card sources" aria-label={t("source")}>
      <Segmented label={t("source")} value={draft.way} choices={ways} onChange={(way) => changeDraft({ way })} />
      {draft.way === "files" && <Files list={list} refused={refused} onFiles={onFiles} />}
      {draft.way === "link" && <Link draft={draft} errors={errors} />}
      {draft.way === "script" && <Script draft={draft} errors={errors} />}
      <div class="columns">
        {single && <TextField label={t("title")} hint={t("titleHint")} error={errors.get("/title") ?? null} maxLength={500} value={draft.title} onInput={(title) => changeDraft({ title })} />}
        <TextField label={t("tags")} hint={t("tagsHint")} error={[...errors].find(([at]) => at.startsWith("/tags"))?.[1] ?? null} value={draft.tags} onInput={(tags) => changeDraft({ tags })} />
      </div>
    </section>
  );
}
