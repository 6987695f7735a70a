/** Name of the organisation, and pages of other origins that may call. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { setQuery, useQuery } from "~/api/query";
import { Button, IconButton } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { TextField } from "~/components/fields";
import { Card } from "~/components/page";
import { Loading, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { date } from "~/i18n";
import { common } from "~/i18n/common";
import { may, readSession, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";

type Organisation = Schemas["Organisation"];

export function useOrganisation() {
  const orgId = session.value?.account?.org_id ?? "";
  return useQuery(`organisation/${orgId}`, (signal) => call(api.GET("/v1/organisation", { signal })));
}

export function Settings() {
  const { data, problem, reload } = useOrganisation();
  if (problem && !data) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <Loading />;
  return (
    <>
      <NameCard key={data.org_id} organisation={data} />
      <OriginsCard key={`${data.org_id}-origins`} organisation={data} />
    </>
  );
}

async function change(organisation: Organisation, body: Schemas["ChangeOrganisation"]): Promise<void> {
  const changed = await call(api.PATCH("/v1/organisation", { body }));
  setQuery<Organisation>(`organisation/${organisation.org_id}`, () => changed);
  tell(common("saved"));
}

function NameCard({ organisation }: { organisation: Organisation }) {
  const [name, setName] = useState(organisation.name);
  const writes = may("organisation:write");
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    await change(organisation, { name });
    await readSession(); // its name stands in the head of the page
  });
  return (
    <Card title={t("general")}>
      <form class="narrow" onSubmit={submit}>
        <TextField label={t("name")} value={name} onInput={setName} maxLength={100} error={wrong("/name")} disabled={!writes} required />
        {problem && <ProblemNotice problem={problem} />}
        {writes && <Button kind="primary" type="submit" busy={busy} disabled={name === organisation.name}>{common("save")}</Button>}
      </form>
      <div class="narrow part">
        <p class="hint">{t("id")}</p>
        <CopyField label={t("id")} value={organisation.org_id} />
        <p class="hint">{t("since", { when: date(organisation.created_at) })} {organisation.operator && t("operates")}</p>
      </div>
    </Card>
  );
}

function OriginsCard({ organisation }: { organisation: Organisation }) {
  const [origins, setOrigins] = useState(organisation.allowed_origins);
  const writes = may("organisation:write");
  const { busy, problem, submit, wrong } = useSubmit(() => change(organisation, { allowed_origins: origins.map((one) => one.trim()).filter(Boolean) }));
  const put = (at: number, value: string) => setOrigins(origins.map((one, index) => (index === at ? value : one)));
  const same = JSON.stringify(origins) === JSON.stringify(organisation.allowed_origins);
  return (
    <Card title={t("origins")}>
      <p class="lead">{t("originsText")}</p>
      <form class="narrow" onSubmit={submit}>
        {origins.length === 0 && <p class="hint">{t("noOrigins")}</p>}
        {origins.map((origin, at) => (
          <div class="origin" key={at}>
            <TextField label={t("origin")} hint={t("originHint")} value={origin} onInput={(value) => put(at, value)} placeholder="https://app.example.org" error={wrong(`/allowed_origins/${at}`)} disabled={!writes} spellcheck={false} />
            {writes && <IconButton label={t("removeOrigin", { origin: origin || t("origin") })} icon="close" onClick={() => setOrigins(origins.filter((_, index) => index !== at))} />}
          </div>
        ))}
        {problem && <ProblemNotice problem={problem} />}
        {writes && (
          <div class="form-actions">
            <Button icon="plus" onClick={() => setOrigins([...origins, ""])} disabled={origins.length >= 20}>{t("addOrigin")}</Button>
            <Button kind="primary" type="submit" busy={busy} disabled={same}>{common("save")}</Button>
          </div>
        )}
      </form>
    </Card>
  );
}
