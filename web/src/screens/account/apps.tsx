/** Apps that may act for you (grants of OAuth). */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Badge, Empty, Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { ago } from "~/i18n";
import { tell } from "~/state/toasts";
import { t } from "./messages";

type Grant = Schemas["PersonGrant"];

function homepage(grant: Grant): string | null {
  return /^https?:\/\//.test(grant.homepage) ? grant.homepage : null;
}

export function Apps() {
  const { data, problem, reload } = useQuery("account/grants", (signal) => call(api.GET("/v1/account/grants", { signal })));
  const [asked, setAsked] = useState<Grant | null>(null);
  if (problem && !data) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <Loading />;
  if (data.items.length === 0) return <Empty icon="shield" title={t("noApps")}><p>{t("noAppsText")}</p></Empty>;
  const takeBack = async (grant: Grant) => {
    await call(api.DELETE("/v1/account/grants/{grant_id}", { params: { path: { grant_id: grant.grant_id } } }));
    tell(t("takenBack"));
    reload();
  };
  return (
    <>
      <p class="lead">{t("appsLead")}</p>
      <Table
        caption={t("apps")}
        rows={data.items}
        keyOf={(one) => one.grant_id}
        columns={[
          {
            title: t("app"),
            cell: (one) => (homepage(one) ? <a href={homepage(one)!} target="_blank" rel="noreferrer">{one.client_name}</a> : <strong>{one.client_name}</strong>),
          },
          { title: t("inOrganisation"), cell: (one) => one.org_name },
          { title: t("mayDo"), cell: (one) => <div class="scopes">{one.scopes.map((scope) => <Badge key={scope}>{scope}</Badge>)}</div> },
          { title: t("allowed"), cell: (one) => ago(one.created_at) },
          { title: t("lastUsed"), cell: (one) => (one.last_used_at ? ago(one.last_used_at) : t("never")) },
          { title: t("ends"), cell: (one) => ago(one.expires_at) },
          { title: "", cell: (one) => <Button small kind="danger" aria-label={t("takeBackOf", { app: one.client_name })} onClick={() => setAsked(one)}>{t("takeBack")}</Button> },
        ]}
      />
      {asked && (
        <ConfirmDialog
          title={t("takeBackOf", { app: asked.client_name })}
          text={t("takeBackText", { app: asked.client_name })}
          verb={t("takeBack")}
          onConfirm={() => takeBack(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}
