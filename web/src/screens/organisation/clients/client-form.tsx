/** Registers an app, or changes one. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Select, TextArea, TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import { roleName } from "~/session/roles";
import { useServiceAccounts } from "../actors";
import { linesOf } from "../keys/key-form";
import { OF_APPS, type Scope } from "../permissions";
import { ScopePicker } from "../scope-picker";
import { t } from "./messages";

type Client = Schemas["OAuthClient"];
type ClientScope = Client["scopes"][number];

export function ClientDialog({ client, onSaved, onClose }: {
  client: Client | null;
  onSaved: (made: Schemas["NewOAuthClient"] | null) => void;
  onClose: () => void;
}) {
  const accounts = (useServiceAccounts().data?.items ?? []).filter((one) => !one.disabled_at);
  const [name, setName] = useState(client?.name ?? "");
  const [kind, setKind] = useState<Client["kind"]>(client?.kind ?? "confidential");
  const [scopes, setScopes] = useState<Scope[]>(client?.scopes ?? ["projects:read"]);
  const [redirects, setRedirects] = useState(client?.redirect_uris.join("\n") ?? "");
  const [account, setAccount] = useState(client?.service_account_id ?? "");
  const [homepage, setHomepage] = useState(client?.homepage ?? "");
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const body = {
      name, homepage,
      scopes: scopes as ClientScope[],
      redirect_uris: linesOf(redirects),
      service_account_id: kind === "confidential" && account ? account : null,
    };
    if (!client) return onSaved(await call(api.POST("/v1/oauth/clients", { body: { ...body, kind } })));
    await call(api.PATCH("/v1/oauth/clients/{client_id}", { params: { path: { client_id: client.client_id } }, body }));
    return onSaved(null);
  });
  const kinds = [{ value: "confidential", label: t("confidential") }, { value: "public", label: t("public") }] as const;
  return (
    <Dialog title={client ? t("changeOf", { name: client.name }) : t("make")} onClose={onClose} wide>
      <form onSubmit={submit}>
        <TextField label={t("name")} hint={t("nameHint")} value={name} onInput={setName} maxLength={100} error={wrong("/name")} autoFocus required />
        <Select label={t("kind")} value={kind} choices={kinds} onChange={setKind} disabled={client !== null} error={wrong("/kind")} />
        <ScopePicker value={scopes} onChange={setScopes} permissions={OF_APPS} bundles={["read", "write"]} error={wrong("/scopes")} />
        <TextArea label={t("redirects")} hint={t("redirectsHint")} rows={3} value={redirects} onInput={setRedirects} error={wrong("/redirect_uris")} spellcheck={false} />
        {kind === "confidential" && accounts.length > 0 && (
          <Select
            label={t("account")}
            hint={t("accountHint")}
            value={account}
            choices={[{ value: "", label: t("accountNone") }, ...accounts.map((one) => ({ value: one.service_account_id, label: `${one.name} (${roleName(one.role)})` }))]}
            onChange={setAccount}
            error={wrong("/service_account_id")}
          />
        )}
        <TextField label={t("homepage")} hint={t("homepageHint")} type="url" value={homepage} onInput={setHomepage} maxLength={300} error={wrong("/homepage")} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={scopes.length === 0}>{client ? common("save") : t("make")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
