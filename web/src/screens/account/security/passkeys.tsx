/** Passkeys of the account. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { invalidate, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { useFreshSignIn } from "~/components/account/fresh-sign-in";
import { Card } from "~/components/page";
import { Badge, Loading, ProblemNotice } from "~/components/states";
import { ago } from "~/i18n";
import { common } from "~/i18n/common";
import { makePasskey, passkeysPossible } from "~/session/passkey";
import { tell } from "~/state/toasts";
import { programName } from "../program";
import { ConfirmPassword } from "./confirm-password";
import { t } from "./messages";
import { RecoveryCodes } from "./recovery-codes";

type Passkey = Schemas["Passkey"];

export function Passkeys() {
  const { data, problem, reload } = useQuery("account/passkeys", (signal) => call(api.GET("/v1/account/passkeys", { signal })));
  const [adding, setAdding] = useState(false);
  const [name, setName] = useState("");
  const [removed, setRemoved] = useState<Passkey | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const fresh = useFreshSignIn();
  const read = () => {
    reload();
    invalidate("account/second-factors");
  };
  const open = () => {
    setName(programName(navigator.userAgent));
    setAdding(true);
  };
  const add = async (password: string) => {
    const { ticket, options } = await call(api.POST("/v1/account/passkeys/options", { body: { password } }));
    const credential = await makePasskey(options as Record<string, unknown>);
    const made = await call(api.POST("/v1/account/passkeys", { body: { ticket, credential, name } }));
    setAdding(false);
    if (made.recovery_codes.length > 0) setCodes(made.recovery_codes);
    tell(t("passkeyAdded"));
    read();
  };
  const remove = async (passkey: Passkey) => {
    const path = { passkey_id: passkey.passkey_id };
    if (!(await fresh.run(() => call(api.DELETE("/v1/account/passkeys/{passkey_id}", { params: { path } }))))) return;
    tell(t("passkeyRemoved"));
    read();
  };
  const possible = passkeysPossible();
  return (
    <Card title={t("passkeys")} actions={possible && <Button icon="plus" onClick={open}>{t("addPasskey")}</Button>}>
      <p class="lead">{possible ? t("passkeysText") : t("passkeysImpossible")}</p>
      {problem && !data ? <ProblemNotice problem={problem} onRetry={reload} /> : !data ? <Loading /> : data.items.map((one) => (
        <div class="factor" key={one.passkey_id}>
          <h3>{one.name || t("passkey")} <Badge>{one.backed_up ? t("synced") : t("deviceOnly")}</Badge></h3>
          <p class="hint">{t("added", { when: ago(one.created_at) })} · {one.last_used_at ? t("used", { when: ago(one.last_used_at) }) : t("neverUsed")}</p>
          <div class="row"><Button small kind="danger" aria-label={t("removePasskey", { name: one.name || t("passkey") })} onClick={() => setRemoved(one)}>{common("remove")}</Button></div>
        </div>
      ))}
      {adding && (
        <ConfirmPassword title={t("addPasskey")} text={t("addPasskeyText")} verb={t("addPasskey")} onConfirm={add} onClose={() => setAdding(false)}>
          <TextField label={t("passkeyName")} hint={t("passkeyNameHint")} value={name} onInput={setName} maxLength={100} />
        </ConfirmPassword>
      )}
      {removed && (
        <ConfirmDialog
          title={t("removePasskey", { name: removed.name || t("passkey") })}
          text={t("removePasskeyText")}
          verb={common("remove")}
          onConfirm={() => remove(removed)}
          onClose={() => setRemoved(null)}
        />
      )}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(null)} />}
      {fresh.dialog}
    </Card>
  );
}
