/** One brand kit: its parts, a drawing that follows each change, its versions. */
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call, callWithTag } from "~/api/client";
import { asProblem } from "~/api/problem";
import { invalidate, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Segmented } from "~/components/fields";
import { Card, Page } from "~/components/page";
import { Loading, Notice, ProblemNotice } from "~/components/states";
import { dateTime } from "~/i18n";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { useAssets } from "./assets";
import { EndCardDrawing, KitDrawing } from "./drawing";
import { KitForm } from "./form";
import { ServerFrame } from "./frame";
import { useTemplates } from "./gallery";
import { ASPECTS, changesOf, isChanged, type Aspect, type Kit, type KitVersion } from "./kit";
import { t } from "./messages";

function Versions({ kitId, current, onOpen }: { kitId: string; current: number; onOpen: (version: KitVersion) => void }) {
  const read = useQuery(`brand-kits/${kitId}/versions?${current}`, (signal) => call(api.GET("/v1/brand-kits/{kit_id}/versions", { params: { path: { kit_id: kitId }, query: { limit: 20 } }, signal })));
  return (
    <Card title={t("versions")}>
      {!read.data && (read.problem ? <ProblemNotice problem={read.problem} onRetry={read.reload} /> : <Loading />)}
      <ol class="plain versions">
        {read.data?.items.map((one) => (
          <li key={one.version}>
            <strong>{t("version", { count: one.version })}</strong>
            <time class="hint" dateTime={one.created_at}>{dateTime(one.created_at)}</time>
            {one.version !== current && may("brand:write") && <Button small onClick={() => onOpen(one)}>{t("open")}</Button>}
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** Asks before the page is left with changes that are not saved. */
function useWarning(changed: boolean): void {
  useEffect(() => {
    if (!changed) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [changed]);
}

function Editor({ saved, onSaved }: { saved: KitVersion; onSaved: () => void }) {
  const { route } = useLocation();
  const [base, setBase] = useState(saved);
  const [kit, setKit] = useState<Kit>(saved.kit);
  const [aspect, setAspect] = useState<Aspect>("9:16");
  const [problem, setProblem] = useState<unknown>(null);
  const [archiving, setArchiving] = useState(false);
  const templates = useTemplates();
  const assets = new Map((useAssets().data?.items ?? []).map((one) => [one.asset_id, one]));
  const changed = isChanged(base.kit, kit);
  const path = { kit_id: base.kit_id };
  useWarning(changed);

  const save = async (etag: string) => {
    setProblem(null);
    try {
      const made = await call(api.PATCH("/v1/brand-kits/{kit_id}", { params: { path, header: { "If-Match": etag } }, body: changesOf(base.kit, kit) }));
      setBase(made);
      setKit(made.kit);
      tell(t("savedVersion", { count: made.version }));
      onSaved();
    } catch (error) {
      setProblem(error);
    }
  };
  const readNewest = async () => {
    const { data } = await callWithTag(api.GET("/v1/brand-kits/{kit_id}", { params: { path } }));
    setBase(data);
    setKit(data.kit);
    setProblem(null);
  };
  const archive = async () => {
    await call(api.DELETE("/v1/brand-kits/{kit_id}", { params: { path } }));
    invalidate("brand-kits");
    tell(t("archived"));
    route(to("brand-kits"));
  };
  const isConflict = problem !== null && asProblem(problem).status === 412;
  const disabled = !may("brand:write");
  const template = templates.data?.items.find((one) => one.template_id === (kit.template ?? templates.data?.default));
  return (
    <Page
      title={base.kit.name}
      lead={<><a href={to("brand-kits")}>← {t("back")}</a> · {t("version", { count: base.version })}</>}
      actions={
        !disabled && (
          <>
            {changed && <Button onClick={() => setKit(base.kit)}>{t("discard")}</Button>}
            <Button kind="primary" disabled={!changed || !kit.name.trim()} onClick={() => save(`"kit-${base.version}"`)}>{t("saveVersion")}</Button>
            <Button icon="trash" kind="danger" onClick={() => setArchiving(true)}>{t("archive")}</Button>
          </>
        )
      }
    >
      {disabled && <Notice><p>{t("readOnly")}</p></Notice>}
      {isConflict ? (
        <Notice kind="warn">
          <p>{t("conflict")}</p>
          <p class="row"><Button small onClick={readNewest}>{t("lookTheirs")}</Button><Button small onClick={() => save("*")}>{t("saveOver")}</Button></p>
        </Notice>
      ) : problem !== null && <ProblemNotice problem={problem} />}
      <div class="kit-editor">
        <KitForm kit={kit} assets={assets} templates={templates.data?.items ?? []} disabled={disabled} onChange={(change) => setKit((old) => ({ ...old, ...change }))} />
        <div class="kit-side">
          <Card title={t("preview")} actions={<Segmented label={t("aspect")} value={aspect} choices={(Object.keys(ASPECTS) as Aspect[]).map((value) => ({ value, label: value }))} onChange={setAspect} />}>
            <div class={`kit-previews${aspect === "16:9" ? " wide" : ""}`}>
              <KitDrawing kit={kit} template={template} assets={assets} aspect={aspect} />
              <EndCardDrawing kit={kit} assets={assets} aspect={aspect} />
            </div>
            <p class="hint">{t("previewText")}</p>
            {changed && <p class="hint" role="status">{t("unsaved")}</p>}
          </Card>
          <ServerFrame kitId={base.kit_id} version={base.version} aspect={aspect} changed={changed} />
          <Versions kitId={base.kit_id} current={base.version} onOpen={(one) => { setKit(one.kit); tell(t("opened", { count: one.version })); }} />
        </div>
      </div>
      {archiving && <ConfirmDialog title={t("archive")} text={t("archiveText", { name: base.kit.name })} verb={t("archive")} onConfirm={archive} onClose={() => setArchiving(false)} />}
    </Page>
  );
}

export function KitEditor({ id }: { id: string }) {
  const read = useQuery(`brand-kits/${id}`, (signal) => call(api.GET("/v1/brand-kits/{kit_id}", { params: { path: { kit_id: id } }, signal })));
  if (read.data) return <Editor saved={read.data} onSaved={() => invalidate("brand-kits")} />;
  return <Page title={t("title")}>{read.problem ? <ProblemNotice problem={read.problem} onRetry={read.reload} /> : <Loading />}</Page>;
}
