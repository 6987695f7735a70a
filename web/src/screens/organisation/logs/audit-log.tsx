/** The audit log: who changed what, filtered and exported. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { usePages } from "~/api/pages";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { Badge, Empty } from "~/components/states";
import { PagedTable } from "~/components/table";
import { dateTime } from "~/i18n";
import { session } from "~/session/session";
import { programName } from "~/screens/account/program";
import { ActorName, useActorName } from "../actors";
import { ActorSelect, asked, dayAfter, Days } from "./filters";
import { t } from "./messages";

const NOTHING = { actor: "", operation: "", target_id: "", since: "", until: "" };

/** Opens a file of the API; the session is made sure of before, as the browser itself asks for it. */
async function download(path: string): Promise<void> {
  await call(api.GET("/v1/me"));
  const link = document.createElement("a");
  link.href = path;
  link.download = "";
  link.click();
}

export function AuditLog() {
  const [form, setForm] = useState(NOTHING);
  const [filter, setFilter] = useState(NOTHING);
  const actorName = useActorName();
  const query = asked({ ...filter, until: filter.until && dayAfter(filter.until) });
  const pages = usePages<Schemas["Audited"]>(`${session.value?.account?.org_id}${JSON.stringify(query)}`, (cursor, signal) =>
    call(api.GET("/v1/audit", { params: { query: { ...query, cursor, limit: 50 } }, signal })),
  );
  const set = (change: Partial<typeof NOTHING>) => setForm({ ...form, ...change });
  return (
    <div class="log">
      <div class="part-head">
        <p class="lead">{t("auditLead")}</p>
        <div class="row">
          <Button icon="download" onClick={() => download("/v1/audit/export?format=csv")}>{t("exportCsv")}</Button>
          <Button icon="download" onClick={() => download("/v1/audit/export?format=ndjson")}>{t("exportChain")}</Button>
        </div>
      </div>
      <form class="filters" onSubmit={(event) => { event.preventDefault(); setFilter(form); }}>
        <ActorSelect value={form.actor} onChange={(actor) => set({ actor })} />
        <TextField label={t("operation")} placeholder={t("operationHint")} value={form.operation} onInput={(operation) => set({ operation })} maxLength={60} spellcheck={false} />
        <TextField label={t("target")} value={form.target_id} onInput={(id) => set({ target_id: id })} maxLength={36} spellcheck={false} />
        <Days since={form.since} until={form.until} onChange={set} />
        <div class="row">
          <Button kind="primary" type="submit" busy={pages.loading && pages.items.length > 0}>{t("filter")}</Button>
          <Button kind="quiet" onClick={() => { setForm(NOTHING); setFilter(NOTHING); }}>{t("clear")}</Button>
        </div>
      </form>
      <PagedTable
        caption={t("auditLead")}
        pages={pages}
        keyOf={(one) => one.entry_id}
        empty={<Empty icon="list" title={t("nothing")}><p>{t("nothingText")}</p></Empty>}
        columns={[
          { title: t("time"), cell: (one) => <div>{dateTime(one.created_at)}<div class="hint">{one.position === null ? t("notSealed") : t("sealed", { position: String(one.position) })}</div></div> },
          { title: t("actor"), cell: (one) => <ActorName actor={one.actor} nameOf={actorName} /> },
          { title: t("operation"), cell: (one) => <div><code>{one.operation}</code> {one.outcome === "refused" && <Badge tone="bad">{t("refused")}</Badge>}</div> },
          {
            title: t("on"),
            cell: (one) => (
              <div>
                <code>{one.target_kind}</code>
                {one.target_ids.map((id) => (
                  <div key={id}><button type="button" class="link" title={id} onClick={() => { set({ target_id: id }); setFilter({ ...NOTHING, target_id: id }); }}><code>{id.slice(0, 8)}</code></button></div>
                ))}
              </div>
            ),
          },
          { title: t("from"), cell: (one) => <div>{one.address || "–"}<div class="hint" title={one.user_agent}>{programName(one.user_agent)}</div></div> },
          { title: t("requestId"), cell: (one) => <code title={one.request_id}>{one.request_id.slice(0, 12)}</code> },
        ]}
      />
    </div>
  );
}
