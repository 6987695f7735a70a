/** The head of the screen: title (changed in place), state, tags, and what can be done with the project. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call, callWithTag } from "~/api/client";
import { asProblem } from "~/api/problem";
import { invalidate, setQuery } from "~/api/query";
import { Button, IconButton } from "~/components/button";
import { Icon } from "~/components/icon";
import { Menu, type MenuItem } from "~/components/menu";
import { Badge, type Tone } from "~/components/states";
import { ago, clock as clockText, money } from "~/i18n";
import { common } from "~/i18n/common";
import { may } from "~/session/session";
import { tell, tellProblem } from "~/state/toasts";
import { EraseDialog, CancelDialog, TagsDialog } from "./dialogs";
import { keys, type Project } from "./data";
import { isAtWork } from "./live";
import { t } from "./messages";

const TONES: Record<Project["state"], Tone> = { queued: "neutral", running: "active", completed: "good", failed: "bad", cancelled: "neutral" };

export function Head({ project, hasFiles, hasFailures, onErased, onDetails }: {
  project: Project;
  hasFiles: boolean;
  hasFailures: boolean;
  onErased: () => void;
  onDetails: () => void;
}) {
  const [asking, ask] = useState<"erase" | "cancel" | "tags" | null>(null);
  const { cost } = project;
  const write = may("projects:write");
  const items: (MenuItem | "line")[] = [];
  if (write) items.push({ label: t("editTags"), icon: "tag", onSelect: () => ask("tags") });
  if (hasFiles) items.push({ label: t("exportAll"), icon: "download", onSelect: () => download(project.project_id) });
  if (write && isAtWork(project)) items.push({ label: t("cancelProject"), icon: "stop", onSelect: () => ask("cancel") });
  if (write && (project.state === "failed" || project.state === "cancelled" || hasFailures)) items.push({ label: t("retryProject"), icon: "redo", onSelect: () => void retry(project.project_id).catch(tellProblem) });
  if (write) items.push("line", { label: t("erase"), icon: "trash", danger: true, onSelect: () => ask("erase") });
  return (
    <header class="project-head">
      <div class="project-name">
        <Title project={project} />
        <div class="row tight">
          <span aria-live="polite"><Badge tone={TONES[project.state]}>{t(project.state)}</Badge></span>
          {project.test && <Badge tone="warn">{t("test")}</Badge>}
          {project.duration_ms !== null && <span class="hint">{clockText(project.duration_ms)}</span>}
          {cost.money !== null && <span class="hint">{t("cost", { money: money(cost.money, cost.currency) })}</span>}
          {project.expires_at && <span class="hint">{t("expires", { when: ago(project.expires_at) })}</span>}
          {project.warnings.length > 0 && <Button small kind="quiet" icon="warning" onClick={onDetails}>{t("warnings", { count: project.warnings.length })}</Button>}
          {project.tags.map((tag) => <span key={tag} class="chip plain-chip"><Icon name="tag" size={14} />{tag}</span>)}
        </div>
      </div>
      {items.length > 0 && <Menu label={t("menu")} button={<Icon name="dots" />} items={items} />}
      {asking === "erase" && <EraseDialog project={project} onClose={() => ask(null)} onErased={onErased} />}
      {asking === "cancel" && <CancelDialog project={project} onClose={() => ask(null)} />}
      {asking === "tags" && <TagsDialog project={project} onClose={() => ask(null)} />}
    </header>
  );
}

function download(id: string): void {
  const link = document.createElement("a");
  link.href = `/v1/projects/${id}/exports.zip`;
  link.download = "";
  link.click();
}

/** Make again what failed. */
export async function retry(id: string): Promise<void> {
  await call(api.POST("/v1/projects/{project_id}/retry", { params: { path: { project_id: id } }, body: {} }));
  tell(t("retryAsked"));
  invalidate(keys.project(id));
  invalidate(keys.clips(id));
}

/** Change a project where nobody else did meanwhile; the newest one is shown in any case. */
export async function change(project: Project, body: { title?: string | null; tags?: string[] }): Promise<void> {
  const params = { path: { project_id: project.project_id }, header: { "If-Match": `"project-${project.revision}"` } };
  const { data } = await callWithTag(api.PATCH("/v1/projects/{project_id}", { params, body: body as never }));
  setQuery<Project>(keys.project(project.project_id), () => data);
}

function Title({ project }: { project: Project }) {
  const [text, setText] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const isOpen = text !== null;
  useEffect(() => {
    if (isOpen) field.current?.select();
  }, [isOpen]);
  const save = async (event?: Event) => {
    event?.preventDefault();
    const next = text?.trim() ?? "";
    setText(null);
    if (next === "" || next === project.title) return;
    const old = project.title;
    try {
      await change(project, { title: next });
      tell(t("titleChanged"), { label: common("undo"), run: () => void undo(project.project_id, old) });
    } catch (error) {
      if (asProblem(error).code !== "project-changed") return tellProblem(error);
      const newest = await call(api.GET("/v1/projects/{project_id}", { params: { path: { project_id: project.project_id } } }));
      setQuery<Project>(keys.project(project.project_id), () => newest);
      tell(t("titleConflict", { title: newest.title }), { label: common("retry"), run: () => setText(next) });
    }
  };
  if (text === null) {
    return (
      <div class="project-title">
        <h1 title={project.title}>{project.title || t("project")}</h1>
        {may("projects:write") && <IconButton small label={t("rename")} icon="pencil" onClick={() => setText(project.title)} />}
      </div>
    );
  }
  return (
    <form class="project-title" onSubmit={save}>
      <input ref={field} aria-label={t("title")} value={text} maxLength={200} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && setText(null)} />
      <Button small kind="primary" type="submit">{common("save")}</Button>
      <Button small onClick={() => setText(null)}>{common("cancel")}</Button>
    </form>
  );
}

async function undo(id: string, title: string): Promise<void> {
  try {
    const newest = await call(api.GET("/v1/projects/{project_id}", { params: { path: { project_id: id } } }));
    await change(newest, { title });
  } catch (error) {
    tellProblem(error);
  }
}
