/** All endpoints of the organisation, the catalogue of messages, and how to verify them. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Segmented } from "~/components/fields";
import { Page } from "~/components/page";
import { Badge, Empty, Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { ago, dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { Catalogue } from "./catalogue";
import { STATE_TONES, stateOf, type NewEndpoint } from "./endpoint";
import { EndpointForm } from "./endpoint-form";
import { t } from "./messages";
import { SecretDialog } from "./secret";
import { Verify } from "./verify";

const VIEWS = ["endpoints", "catalogue", "verify"] as const;
type View = (typeof VIEWS)[number];

function Endpoints({ onNew }: { onNew: () => void }) {
  const read = useQuery("webhook-endpoints", (signal) => call(api.GET("/v1/webhooks/endpoints", { signal })));
  if (read.problem && !read.data) return <ProblemNotice problem={read.problem} onRetry={read.reload} />;
  if (!read.data) return <Loading />;
  if (read.data.items.length === 0) {
    return (
      <Empty icon="hook" title={t("emptyTitle")}>
        <p>{t("emptyText")}</p>
        {may("webhooks:write") && <Button kind="primary" icon="plus" onClick={onNew}>{t("newEndpoint")}</Button>}
      </Empty>
    );
  }
  return (
    <Table
      caption={t("endpoints")}
      rows={read.data.items}
      keyOf={(one) => one.endpoint_id}
      columns={[
        { title: t("url"), cell: (one) => <><a href={to("webhooks", one.endpoint_id)}>{one.url}</a>{one.description && <p class="hint">{one.description}</p>}</> },
        { title: common("state"), cell: (one) => <Badge tone={STATE_TONES[stateOf(one)]}>{t(`state_${stateOf(one)}`)}</Badge> },
        { title: t("events"), cell: (one) => <span class="row tight">{one.events.map((event) => <code key={event} class="chip">{event}</code>)}</span> },
        { title: common("created"), cell: (one) => <time dateTime={one.created_at} title={dateTime(one.created_at)}>{ago(one.created_at)}</time> },
      ]}
    />
  );
}

export function EndpointList() {
  const { query, route } = useLocation();
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<NewEndpoint | null>(null);
  const view: View = VIEWS.find((one) => one === query["view"]) ?? "endpoints";
  return (
    <Page
      title={t("title")}
      lead={t("lead")}
      actions={may("webhooks:write") && <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>{t("newEndpoint")}</Button>}
    >
      <p>
        <Segmented
          label={t("views")}
          value={view}
          choices={VIEWS.map((value) => ({ value, label: t(value) }))}
          onChange={(next) => route(next === "endpoints" ? to("webhooks") : `${to("webhooks")}?view=${next}`, true)}
        />
      </p>
      {view === "endpoints" && <Endpoints onNew={() => setCreating(true)} />}
      {view === "catalogue" && <Catalogue />}
      {view === "verify" && <Verify />}
      {creating && <EndpointForm onClose={() => setCreating(false)} onCreated={(next) => { setCreating(false); setMade(next); }} />}
      {made && <SecretDialog made={made} onClose={() => route(to("webhooks", made.endpoint_id))} />}
    </Page>
  );
}
