/** Accounts of providers that sign in here. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";
import { invalidate, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { useFreshSignIn } from "~/components/account/fresh-sign-in";
import { Card } from "~/components/page";
import { Notice } from "~/components/states";
import { ago } from "~/i18n";
import { useProviders } from "~/screens/sign-in/providers";
import { t as signIn } from "~/screens/sign-in/messages";
import { refusalText, returned } from "~/screens/sign-in/returned";
import { tell } from "~/state/toasts";
import { t } from "./messages";

type Identity = Schemas["LinkedIdentity"];

export function Identities() {
  const providers = useProviders();
  const { data, reload } = useQuery("account/identities", (signal) => call(api.GET("/v1/account/identities", { signal })));
  const [asked, setAsked] = useState<Identity | null>(null);
  const [lastWay, setLastWay] = useState(false);
  const fresh = useFreshSignIn();
  const linked = data?.items ?? [];
  if (providers.length === 0 && linked.length === 0) return null;
  const labelOf = (provider: string) => providers.find((one) => one.provider === provider)?.label ?? provider;
  const link = (provider: string) =>
    fresh.run(async () => location.assign((await call(api.POST("/v1/account/identities", { body: { provider } }))).url));
  const unlink = async (identity: Identity) => {
    setLastWay(false);
    const path = { identity_id: identity.identity_id };
    try {
      if (!(await fresh.run(() => call(api.DELETE("/v1/account/identities/{identity_id}", { params: { path } }))))) return;
    } catch (error) {
      if (asProblem(error).code !== "last-way-in") throw error;
      setLastWay(true);
      return;
    }
    tell(t("unlinked"));
    invalidate("account/sessions");
    reload();
  };
  const refused = returned.value?.kind === "refused" ? returned.value : null;
  const free = providers.filter((one) => !linked.some((identity) => identity.provider === one.provider));
  return (
    <Card title={t("identities")} actions={free.map((one) => <Button key={one.provider} icon="link" onClick={() => link(one.provider)}>{t("link", { name: one.label })}</Button>)}>
      <p class="lead">{t("identitiesText")}</p>
      {refused && (
        <Notice kind="failed">
          <p><strong>{signIn("returnedLinked", { name: labelOf(refused.provider) })}</strong></p>
          <p>{refusalText(refused.code)}</p>
        </Notice>
      )}
      {lastWay && <Notice kind="warn"><p>{t("lastWay")}</p></Notice>}
      {data && linked.length === 0 && <p class="hint">{t("none")}</p>}
      {linked.map((one) => (
        <div class="factor" key={one.identity_id}>
          <h3>{labelOf(one.provider)}</h3>
          <p class="hint">
            {t("linkedAs", { email: one.email, when: ago(one.linked_at) })} · {one.last_used_at ? t("used", { when: ago(one.last_used_at) }) : t("neverUsed")}
          </p>
          <div class="row"><Button small kind="danger" aria-label={t("unlinkOf", { name: labelOf(one.provider) })} onClick={() => setAsked(one)}>{t("unlink")}</Button></div>
        </div>
      ))}
      {asked && (
        <ConfirmDialog title={t("unlinkOf", { name: labelOf(asked.provider) })} text={t("unlinkText")} verb={t("unlink")} onConfirm={() => unlink(asked)} onClose={() => setAsked(null)} />
      )}
      {fresh.dialog}
    </Card>
  );
}
