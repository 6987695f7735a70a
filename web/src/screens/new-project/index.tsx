/** A new project: where the video comes from, what to make of it, what that takes. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Page } from "~/components/page";
import { Empty, ProblemNotice } from "~/components/states";
import { to } from "~/routes";
import { may, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { useDrops } from "~/uploads/drop";
import { addFiles, openUploadsOf, planProjects } from "~/uploads/engine";
import { uploads } from "~/uploads/model";
import { refusalOf } from "~/uploads/refusals";
import { changeDraft, clearSource, draft, openDraft, replaced, type Draft } from "./draft";
import { askEstimate, EstimateCard, sourceOf, UNKNOWN_MS, useEstimate, type Source } from "./estimate";
import { t } from "./messages";
import { fieldErrorsOf, NO_ERRORS, parseList, type FieldErrors } from "./options-model";
import { OptionsForm } from "./options-form";
import { Presets } from "./presets";
import { addressOf, Sources } from "./sources";
import { createProject } from "./start";
import "./new-project.css";

/** The request of a link or a script; null where there is none yet. */
export function requestOf(now: Draft): Schemas["CreateProject"] | null {
  const shared = { title: now.title.trim(), tags: parseList(now.tags), options: now.options };
  if (now.way === "link" && addressOf(now.url)) return { ...shared, source_url: now.url.trim(), ...(now.rights ? { page_rights: now.rights } : {}) };
  if (now.way === "script" && now.script.trim()) return { ...shared, script_text: now.script };
  return null;
}

function NewProject({ orgId }: { orgId: string }) {
  const { query, route } = useLocation();
  const fresh = useMemo(() => openDraft(orgId), [orgId]);
  const now = draft.value;
  const [refused, setRefused] = useState<string[]>([]);
  const [problem, setProblem] = useState<unknown>(null);
  const [told, setTold] = useState<FieldErrors>(NO_ERRORS);
  const [followed, setFollowed] = useState<string | null>(null);
  const starting = useRef(false);

  useEffect(() => void openUploadsOf(orgId), [orgId]);
  useEffect(() => {
    const from = query["from"];
    if (from === "link" || from === "script" || from === "files") changeDraft({ way: from });
  }, [query["from"]]);

  const list = uploads.value;
  const ready = list.filter((one) => !one.plan && one.state !== "started");
  const sources: Source[] = useMemo(() => {
    if (now.way === "files" && ready.length > 0) return ready.map(sourceOf);
    if (now.way === "script" && now.script.trim()) return [{ script_text: now.script }];
    return [{ duration_ms: UNKNOWN_MS }];
  }, [now.way, now.script, ready.map((one) => `${one.id}${one.facts?.durationMs}`).join()]);
  const estimated = useEstimate(sources, now.options);
  useEffect(() => setTold(NO_ERRORS), [now.options, now.url, now.rights, now.script]);
  const errors = estimated.errors.size > 0 ? estimated.errors : told;

  const refuse = (error: unknown) => {
    const found = fieldErrorsOf(error);
    setTold(found);
    setProblem(found.size > 0 && [...found.keys()].every((at) => at !== "") ? null : error);
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".new-project [aria-invalid=true]")?.focus());
  };

  // A file that had arrived before the start: its project is there in a moment.
  const follow = followed === null ? undefined : list.find((one) => one.id === followed);
  useEffect(() => {
    if (!follow) return;
    if (follow.state === "started" && follow.projectId) route(to("projects", follow.projectId));
    else if (follow.problem) {
      refuse(follow.problem);
      setFollowed(null);
    }
  }, [follow?.state, follow?.problem]);

  const onFiles = (files: File[]) => {
    changeDraft({ way: "files" });
    setRefused([]);
    void addFiles(files).then((those) => setRefused(those.map(refusalOf)));
  };
  useDrops(onFiles);
  const startFiles = async () => {
    await askEstimate(sources, now.options);
    const title = list.length === 1 ? now.title.trim() : "";
    const taken = planProjects(ready.map((one) => one.id), { options: now.options, title, tags: parseList(now.tags) });
    clearSource();
    const single = taken.length === 1 ? ready.find((one) => one.id === taken[0]) : undefined;
    if (single?.state === "sent") return setFollowed(single.id);
    tell(t("begun", { count: taken.length }));
    return route(to());
  };
  const start = async () => {
    if (starting.current) return;
    starting.current = true;
    setProblem(null);
    try {
      if (now.way === "files") return await startFiles();
      const body = requestOf(now);
      if (!body) return;
      const accepted = await createProject(body);
      clearSource();
      route(to("projects", accepted.project_id));
    } catch (error) {
      refuse(error);
    } finally {
      starting.current = false;
    }
  };

  const count = now.way === "files" ? ready.length : requestOf(now) ? 1 : 0;
  const blocked = count === 0 || estimated.errors.size > 0;
  const why = count === 0 ? t(now.way === "files" ? "needFiles" : now.way === "link" ? "needLink" : "needScript") : blocked ? t("mendFirst") : "";
  return (
    <Page title={t("page")} lead={t("lead")}>
      <div class="new-project">
        <div class="new-main">
          <Sources draft={now} list={list} refused={refused} errors={errors} onFiles={onFiles} />
          <div class="options-head">
            <h2>{t("options")}</h2>
            <Presets orgId={orgId} fresh={fresh} />
          </div>
          <OptionsForm key={replaced.value} options={now.options} errors={errors} script={now.way === "script"} onChange={(options) => changeDraft({ options })} />
        </div>
        <aside class="new-aside">
          <EstimateCard estimated={estimated} example={sources[0]?.duration_ms === UNKNOWN_MS && (now.way !== "files" || ready.length === 0)} count={Math.max(1, ready.length)} more={now.way === "link" ? t("linkLength") : null} />
          {problem !== null && <ProblemNotice problem={problem} />}
          <div class="start">
            <Button kind="primary" icon="film" disabled={blocked} busy={followed !== null} onClick={start}>{t("start", { count: Math.max(1, count) })}</Button>
            <p class="hint" role="status">{why || (now.way === "files" && ready.some((one) => one.state !== "sent") ? t("startEarly") : "")}</p>
          </div>
        </aside>
      </div>
    </Page>
  );
}

export default function Screen() {
  const orgId = session.value?.account?.org_id;
  if (!orgId || !may("projects:write")) {
    return <Page title={t("page")}><Empty icon="film" title={t("mayNot")}><p>{t("mayNotText")}</p></Empty></Page>;
  }
  return <NewProject orgId={orgId} />;
}
