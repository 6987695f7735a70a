/** All kits, their files, and the caption templates. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Segmented, TextField } from "~/components/fields";
import { Page } from "~/components/page";
import { Empty, Loading, ProblemNotice } from "~/components/states";
import { ago } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { Files, useAssets } from "./assets";
import { KitDrawing } from "./drawing";
import { Gallery, useTemplates } from "./gallery";
import { t } from "./messages";

const VIEWS = ["kits", "files", "templates"] as const;

function NewKit({ onClose }: { onClose: () => void }) {
  const { route } = useLocation();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const make = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await call(api.POST("/v1/brand-kits", { body: { name: name.trim() } }));
      route(to("brand-kits", made.kit_id));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("newKit")} onClose={onClose}>
      <form onSubmit={make}>
        <TextField label={common("name")} value={name} onInput={setName} required maxLength={100} autoFocus />
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!name.trim()}>{common("create")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Kits({ onNew }: { onNew: () => void }) {
  const read = useQuery("brand-kits", (signal) => call(api.GET("/v1/brand-kits", { signal })));
  const templates = useTemplates();
  const assets = new Map((useAssets().data?.items ?? []).map((one) => [one.asset_id, one]));
  if (read.problem && !read.data) return <ProblemNotice problem={read.problem} onRetry={read.reload} />;
  if (!read.data) return <Loading />;
  if (read.data.items.length === 0) {
    return (
      <Empty icon="brush" title={t("emptyTitle")}>
        <p>{t("emptyText")}</p>
        {may("brand:write") && <Button kind="primary" icon="plus" onClick={onNew}>{t("newKit")}</Button>}
      </Empty>
    );
  }
  return (
    <ul class="plain gallery">
      {read.data.items.map(({ kit_id, kit, version, created_at }) => (
        <li key={kit_id} class="card kit-card">
          <KitDrawing kit={kit} template={templates.data?.items.find((one) => one.template_id === (kit.template ?? templates.data?.default))} assets={assets} aspect="1:1" />
          <h2><a href={to("brand-kits", kit_id)}>{kit.name}</a></h2>
          <p class="hint">{t("version", { count: version })} · {t("changed", { time: ago(created_at) })}</p>
          <p class="swatches" aria-hidden="true">{Object.entries(kit.colours ?? {}).map(([name, colour]) => <span key={name} style={{ background: colour }} />)}</p>
        </li>
      ))}
    </ul>
  );
}

export function KitList() {
  const { query, route } = useLocation();
  const [making, setMaking] = useState(false);
  const view = VIEWS.find((one) => one === query["view"]) ?? "kits";
  return (
    <Page title={t("title")} lead={t("lead")} actions={may("brand:write") && <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>{t("newKit")}</Button>}>
      <p>
        <Segmented label={t("views")} value={view} choices={VIEWS.map((value) => ({ value, label: t(value) }))} onChange={(next) => route(next === "kits" ? to("brand-kits") : `${to("brand-kits")}?view=${next}`, true)} />
      </p>
      {view === "kits" && <Kits onNew={() => setMaking(true)} />}
      {view === "files" && <Files />}
      {view === "templates" && <Gallery />}
      {making && <NewKit onClose={() => setMaking(false)} />}
    </Page>
  );
}
