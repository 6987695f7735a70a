/** The request log: calls of the API, filtered. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { usePages } from "~/api/pages";
import { Button } from "~/components/button";
import { Select, TextField } from "~/components/fields";
import { Badge, Empty, type Tone } from "~/components/states";
import { PagedTable } from "~/components/table";
import { dateTime, number } from "~/i18n";
import { session } from "~/session/session";
import { ActorName, useActorName } from "../actors";
import { ActorSelect, asked, dayAfter, Days } from "./filters";
import { t } from "./messages";

const NOTHING = { actor: "", method: "", route: "", status: "", request_id: "", since: "", until: "" };
const METHODS = ["GET", "POST", "PATCH", "DELETE", "HEAD"] as const;
const STATUSES: Record<string, { min_status?: number; max_status?: number }> = {
  "": {},
  done: { max_status: 399 },
  refused: { min_status: 400 },
  broken: { min_status: 500 },
};

function toneOf(status: number): Tone {
  return status >= 500 ? "bad" : status >= 400 ? "warn" : "good";
}

export function RequestLog() {
  const [form, setForm] = useState(NOTHING);
  const [filter, setFilter] = useState(NOTHING);
  const actorName = useActorName();
  const { status, method, ...texts } = filter;
  const query = {
    ...asked({ ...texts, until: filter.until && dayAfter(filter.until) }),
    ...(method ? { method: method as (typeof METHODS)[number] } : {}),
    ...STATUSES[status],
  };
  const pages = usePages<Schemas["Requested"]>(`${session.value?.account?.org_id}${JSON.stringify(query)}`, (cursor, signal) =>
    call(api.GET("/v1/requests", { params: { query: { ...query, cursor, limit: 50 } }, signal })),
  );
  const set = (change: Partial<typeof NOTHING>) => setForm({ ...form, ...change });
  return (
    <div class="log">
      <p class="lead">{t("requestLead")}</p>
      <form class="filters" onSubmit={(event) => { event.preventDefault(); setFilter(form); }}>
        <ActorSelect value={form.actor} onChange={(actor) => set({ actor })} />
        <Select label={t("method")} value={form.method} choices={[{ value: "", label: t("any") }, ...METHODS.map((value) => ({ value, label: value }))]} onChange={(value) => set({ method: value })} />
        <TextField label={t("route")} placeholder={t("routeHint")} value={form.route} onInput={(route) => set({ route })} maxLength={100} spellcheck={false} />
        <Select
          label={t("status")}
          value={form.status}
          choices={[{ value: "", label: t("any") }, { value: "done", label: t("statusDone") }, { value: "refused", label: t("statusRefused") }, { value: "broken", label: t("statusBroken") }]}
          onChange={(value) => set({ status: value })}
        />
        <TextField label={t("requestId")} value={form.request_id} onInput={(id) => set({ request_id: id })} maxLength={64} spellcheck={false} />
        <Days since={form.since} until={form.until} onChange={set} />
        <div class="row">
          <Button kind="primary" type="submit" busy={pages.loading && pages.items.length > 0}>{t("filter")}</Button>
          <Button kind="quiet" onClick={() => { setForm(NOTHING); setFilter(NOTHING); }}>{t("clear")}</Button>
        </div>
      </form>
      <PagedTable
        caption={t("requestLead")}
        pages={pages}
        keyOf={(one) => `${one.request_id}${one.created_at}`}
        empty={<Empty icon="list" title={t("nothing")}><p>{t("nothingText")}</p></Empty>}
        columns={[
          { title: t("time"), cell: (one) => dateTime(one.created_at) },
          { title: t("actor"), cell: (one) => <ActorName actor={one.actor} nameOf={actorName} /> },
          { title: t("route"), cell: (one) => <span><code>{one.method}</code> <code>{one.route}</code></span> },
          { title: t("status"), cell: (one) => <div><Badge tone={toneOf(one.status)}>{one.status}</Badge>{one.problem && <div class="hint"><code>{one.problem}</code></div>}</div> },
          { title: t("took"), numeric: true, cell: (one) => number(one.took_ms, { style: "unit", unit: "millisecond", maximumFractionDigits: one.took_ms < 10 ? 1 : 0 }) },
          { title: t("from"), cell: (one) => one.address || "–" },
          { title: t("requestId"), cell: (one) => <code title={one.request_id}>{one.request_id.slice(0, 12)}</code> },
        ]}
      />
    </div>
  );
}
