/** Service accounts: programs that have a role. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { usePages } from "~/api/pages";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { Select, TextField } from "~/components/fields";
import { Badge, Empty, ProblemNotice } from "~/components/states";
import { PagedTable } from "~/components/table";
import { useSubmit } from "~/components/use-submit";
import { ago, words } from "~/i18n";
import { common } from "~/i18n/common";
import { roleMay, roleName, rolesToGive } from "~/session/roles";
import { may, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { useActorName } from "./actors";
import { useOwnRole } from "./members";

type Account = Schemas["ServiceAccount"];
type Role = Account["role"];

const t = words({
  en: {
    lead: "A service account is a program with a role. Keys and apps call as it, with what both its role and their scopes allow.",
    make: "New service account",
    name: "Name",
    nameHint: "For people: what it does.",
    role: "Role",
    made: "Made",
    by: "by {name}, {when}",
    disabled: "Disabled",
    disable: "Disable",
    disableOf: "Disable {name}",
    disableText: "It and all of its keys open nothing any more within five seconds, for good. Tokens of its apps end with it.",
    disabledNow: "{name} is disabled",
    change: "Change",
    changeOf: "Change {name}",
    none: "No service account yet",
    noneText: "Make one for a program that outlives its keys: they are replaced, its role stays.",
  },
  de: {
    lead: "Ein Dienstkonto ist ein Programm mit einer Rolle. Schlüssel und Apps handeln als dieses Konto, mit dem, was seine Rolle und ihre Rechte beide erlauben.",
    make: "Neues Dienstkonto",
    name: "Name",
    nameHint: "Für Menschen: was es tut.",
    role: "Rolle",
    made: "Angelegt",
    by: "von {name}, {when}",
    disabled: "Abgeschaltet",
    disable: "Abschalten",
    disableOf: "{name} abschalten",
    disableText: "Das Konto und alle seine Schlüssel öffnen innerhalb von fünf Sekunden nichts mehr, für immer. Die Tokens seiner Apps enden damit.",
    disabledNow: "{name} ist abgeschaltet",
    change: "Ändern",
    changeOf: "{name} ändern",
    none: "Noch kein Dienstkonto",
    noneText: "Legen Sie eines für ein Programm an, das seine Schlüssel überlebt: Sie werden ersetzt, seine Rolle bleibt.",
  },
});

export function ServiceAccounts() {
  const [editing, setEditing] = useState<Account | "new" | null>(null);
  const [disabled, setDisabled] = useState<Account | null>(null);
  const actorName = useActorName();
  const pages = usePages<Account>(session.value?.account?.org_id ?? "", (cursor, signal) =>
    call(api.GET("/v1/service-accounts", { params: { query: { cursor, limit: 50 } }, signal })),
  );
  const changed = () => {
    invalidate("service-accounts");
    pages.reload();
  };
  const disable = async (one: Account) => {
    await call(api.DELETE("/v1/service-accounts/{service_account_id}", { params: { path: { service_account_id: one.service_account_id } } }));
    tell(t("disabledNow", { name: one.name }));
    changed();
  };
  return (
    <>
      <div class="part-head">
        <p class="lead">{t("lead")}</p>
        {may("keys:write") && <Button kind="primary" icon="plus" onClick={() => setEditing("new")}>{t("make")}</Button>}
      </div>
      <PagedTable
        caption={t("name")}
        pages={pages}
        keyOf={(one) => one.service_account_id}
        empty={<Empty icon="people" title={t("none")}><p>{t("noneText")}</p></Empty>}
        columns={[
          { title: t("name"), cell: (one) => <span><strong>{one.name}</strong> {one.disabled_at && <Badge tone="bad">{t("disabled")}</Badge>}</span> },
          { title: t("role"), cell: (one) => <div>{roleName(one.role)}<div class="hint">{roleMay(one.role)}</div></div> },
          { title: t("made"), cell: (one) => <span class="hint">{t("by", { name: actorName(one.created_by), when: ago(one.created_at) })}</span> },
          {
            title: "",
            cell: (one) => may("keys:write") && !one.disabled_at && (
              <div class="row-actions">
                <Button small aria-label={t("changeOf", { name: one.name })} onClick={() => setEditing(one)}>{t("change")}</Button>
                <Button small kind="danger" aria-label={t("disableOf", { name: one.name })} onClick={() => setDisabled(one)}>{t("disable")}</Button>
              </div>
            ),
          },
        ]}
      />
      {editing && <AccountDialog account={editing === "new" ? null : editing} onSaved={changed} onClose={() => setEditing(null)} />}
      {disabled && <ConfirmDialog title={t("disableOf", { name: disabled.name })} text={t("disableText")} verb={t("disable")} onConfirm={() => disable(disabled)} onClose={() => setDisabled(null)} />}
    </>
  );
}

function AccountDialog({ account, onSaved, onClose }: { account: Account | null; onSaved: () => void; onClose: () => void }) {
  const [name, setName] = useState(account?.name ?? "");
  const [role, setRole] = useState<Role>(account?.role ?? "editor");
  const own = useOwnRole();
  const givable = rolesToGive(own.role, false).filter((one): one is Role => one !== "owner" && one !== "operator");
  const roles = account && !givable.includes(account.role) ? [account.role] : givable;
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const body = { name, role };
    if (account) await call(api.PATCH("/v1/service-accounts/{service_account_id}", { params: { path: { service_account_id: account.service_account_id } }, body }));
    else await call(api.POST("/v1/service-accounts", { body }));
    onSaved();
    onClose();
    tell(common("saved"));
  });
  return (
    <Dialog title={account ? t("changeOf", { name: account.name }) : t("make")} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label={t("name")} hint={t("nameHint")} value={name} onInput={setName} maxLength={100} error={wrong("/name")} autoFocus required />
        <Select label={t("role")} hint={roleMay(role)} value={role} choices={roles.map((value) => ({ value, label: roleName(value) }))} onChange={setRole} error={wrong("/role")} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{account ? common("save") : common("create")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
