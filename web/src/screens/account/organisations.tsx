/** The organisations that you belong to. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button, LinkButton } from "~/components/button";
import { NewOrganisationDialog } from "~/components/account/new-organisation";
import { Card } from "~/components/page";
import { Badge, Empty } from "~/components/states";
import { Table } from "~/components/table";
import { date, dateTime, number } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { roleMay, roleName } from "~/session/roles";
import { session, switchOrganisation } from "~/session/session";
import { t } from "./messages";

export function Organisations() {
  const [making, setMaking] = useState(false);
  const memberships = session.value?.memberships ?? [];
  const currentId = session.value?.account?.org_id;
  return (
    <>
      <div class="part-head">
        <span class="spread" />
        <LinkButton href={to("invitation")}>{t("openInvitation")}</LinkButton>
        <Button icon="plus" onClick={() => setMaking(true)}>{t("newOrganisation")}</Button>
      </div>
      {memberships.length === 0 ? (
        <Empty icon="people" title={t("noOrganisations")}><p>{t("noOrganisationsText")}</p></Empty>
      ) : (
        <Table
          caption={t("organisations")}
          rows={memberships}
          keyOf={(one) => one.org_id}
          columns={[
            { title: t("organisation"), cell: (one) => <strong>{one.org_name}</strong> },
            { title: t("role"), cell: (one) => <div>{roleName(one.role)}<div class="hint">{roleMay(one.role)}</div></div> },
            { title: t("memberSince"), cell: (one) => date(one.created_at) },
            {
              title: "",
              cell: (one) =>
                one.org_id === currentId ? (
                  <Badge tone="good">{t("current")}</Badge>
                ) : (
                  <Button small aria-label={t("switchToName", { name: one.org_name })} onClick={() => switchOrganisation(one.org_id)}>{t("switchTo")}</Button>
                ),
            },
          ]}
        />
      )}
      <Erasures />
      {making && <NewOrganisationDialog onClose={() => setMaking(false)} />}
    </>
  );
}

const STATES: Record<Schemas["OrganisationErasure"]["state"], Parameters<typeof t>[0]> = {
  requested: "erasureRequested",
  running: "erasureRunning",
  done: "erasureDone",
  cancelled: "erasureCancelled",
};

/** Erasures of organisations that this person asked for: also of those that are gone. */
function Erasures() {
  const { data } = useQuery("account/erasures", (signal) => call(api.GET("/v1/account/erasures", { signal })));
  if (!data || data.items.length === 0) return null;
  const nameOf = (orgId: string) => session.value?.memberships.find((one) => one.org_id === orgId)?.org_name ?? orgId;
  return (
    <div class="part">
      <Card title={t("erasures")}>
        <Table
          caption={t("erasures")}
          rows={data.items}
          keyOf={(one) => one.erasure_id}
          columns={[
            { title: t("organisation"), cell: (one) => nameOf(one.org_id) },
            { title: t("requested"), cell: (one) => dateTime(one.requested_at) },
            { title: common("state"), cell: (one) => <Badge tone={one.state === "done" ? "good" : one.state === "running" ? "active" : "neutral"}>{t(STATES[one.state])}</Badge> },
            { title: t("finished"), cell: (one) => (one.finished_at ? dateTime(one.finished_at) : "–") },
            { title: t("erasedCounts"), cell: (one) => Object.entries(one.counts).map(([name, count]) => `${name}: ${number(count)}`).join(", ") || "–" },
          ]}
        />
      </Card>
    </div>
  );
}
