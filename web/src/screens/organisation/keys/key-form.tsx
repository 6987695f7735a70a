/** Makes a key, or changes one's name, end and networks. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Checkbox, Select, TextArea, TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import { roleName } from "~/session/roles";
import { useServiceAccounts } from "../actors";
import { PERMISSIONS, type Scope } from "../permissions";
import { ScopePicker } from "../scope-picker";
import { ExpiryField, endOf, expiryOf, type Expiry } from "./expiry";
import { t } from "./messages";

type Key = Schemas["ApiKey"];

export function linesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

export function NewKeyDialog({ onMade, onClose }: { onMade: (key: Schemas["NewKey"]) => void; onClose: () => void }) {
  const accounts = (useServiceAccounts().data?.items ?? []).filter((one) => !one.disabled_at);
  const [name, setName] = useState("");
  const [account, setAccount] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["read"]);
  const [expiry, setExpiry] = useState<Expiry>({ kind: "days", days: 90 });
  const [addresses, setAddresses] = useState("");
  const [test, setTest] = useState(false);
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const body = {
      name, scopes, test,
      expires_at: endOf(expiry),
      allowed_addresses: linesOf(addresses),
      service_account_id: account || null,
    };
    onMade(await call(api.POST("/v1/keys", { body })));
  });
  return (
    <Dialog title={t("newKey")} onClose={onClose} wide>
      <form onSubmit={submit}>
        <TextField label={t("name")} hint={t("nameHint")} value={name} onInput={setName} maxLength={100} error={wrong("/name")} autoFocus required />
        {accounts.length > 0 && (
          <Select
            label={t("account")}
            hint={t("accountHint")}
            value={account}
            choices={[{ value: "", label: t("itself") }, ...accounts.map((one) => ({ value: one.service_account_id, label: `${one.name} (${roleName(one.role)})` }))]}
            onChange={setAccount}
            error={wrong("/service_account_id")}
          />
        )}
        <ScopePicker value={scopes} onChange={setScopes} permissions={PERMISSIONS} error={wrong("/scopes")} />
        <ExpiryField value={expiry} onChange={setExpiry} error={wrong("/expires_at")} />
        <TextArea label={t("addresses")} hint={t("addressesHint")} rows={2} value={addresses} onInput={setAddresses} error={wrong("/allowed_addresses")} spellcheck={false} />
        <Checkbox label={t("test")} hint={t("testHint")} checked={test} onChange={setTest} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={scopes.length === 0}>{t("create")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function ChangeKeyDialog({ apiKey, onChanged, onClose }: { apiKey: Key; onChanged: () => void; onClose: () => void }) {
  const [name, setName] = useState(apiKey.name);
  const before = expiryOf(apiKey.expires_at);
  const [expiry, setExpiry] = useState<Expiry>(before);
  const [addresses, setAddresses] = useState(apiKey.allowed_addresses.join("\n"));
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const same = JSON.stringify(expiry) === JSON.stringify(before);
    const body = { name, allowed_addresses: linesOf(addresses), ...(same ? {} : { expires_at: endOf(expiry) }) };
    await call(api.PATCH("/v1/keys/{key_id}", { params: { path: { key_id: apiKey.key_id } }, body }));
    onChanged();
    onClose();
  });
  return (
    <Dialog title={t("changeOf", { name: apiKey.name })} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label={t("name")} value={name} onInput={setName} maxLength={100} error={wrong("/name")} required />
        <ExpiryField value={expiry} onChange={setExpiry} error={wrong("/expires_at")} />
        <TextArea label={t("addresses")} hint={t("addressesHint")} rows={3} value={addresses} onInput={setAddresses} error={wrong("/allowed_addresses")} spellcheck={false} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
