/** Open invitations, and a new one. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Select, TextField } from "~/components/fields";
import { Card } from "~/components/page";
import { Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { useSubmit } from "~/components/use-submit";
import { ago, dateTime, LANGUAGES, language, type Language } from "~/i18n";
import { common } from "~/i18n/common";
import { roleMay, roleName, type Role } from "~/session/roles";
import { session } from "~/session/session";
import { tell } from "~/state/toasts";
import { ActorName, useActorName } from "../actors";
import { t } from "./messages";

type Invitation = Schemas["Invitation"];

export function Invitations({ givable }: { givable: Role[] }) {
  const orgId = session.value?.account?.org_id ?? "";
  const { data, problem, reload } = useQuery(`invitations/${orgId}`, (signal) => call(api.GET("/v1/invitations", { signal })));
  const [open, setOpen] = useState(false);
  const actorName = useActorName();
  const mayInvite = givable.length > 0;
  const takeBack = async (one: Invitation) => {
    await call(api.DELETE("/v1/invitations/{invitation_id}", { params: { path: { invitation_id: one.invitation_id } } }));
    tell(t("takenBack"));
    reload();
  };
  const again = async (one: Invitation) => {
    await call(api.POST("/v1/invitations", { body: { email: one.email, role: one.role, locale: language.value } }));
    tell(t("invited", { email: one.email }));
    reload();
  };
  return (
    <div class="part">
      <Card title={t("invitations")} actions={mayInvite && <Button kind="primary" icon="plus" onClick={() => setOpen(true)}>{t("invite")}</Button>}>
        {problem && !data ? <ProblemNotice problem={problem} onRetry={reload} /> : !data ? <Loading /> : data.items.length === 0 ? <p class="hint">{t("noInvitations")}</p> : (
          <Table
            caption={t("invitations")}
            rows={data.items}
            keyOf={(one) => one.invitation_id}
            columns={[
              { title: t("email"), cell: (one) => <strong>{one.email}</strong> },
              { title: t("role"), cell: (one) => roleName(one.role) },
              { title: t("by"), cell: (one) => <ActorName actor={one.invited_by} nameOf={actorName} /> },
              { title: t("expires"), cell: (one) => <span title={dateTime(one.expires_at)}>{ago(one.expires_at)}</span> },
              {
                title: "",
                cell: (one) => givable.includes(one.role) && (
                  <div class="row-actions">
                    <Button small aria-label={t("againOf", { email: one.email })} onClick={() => again(one)}>{t("again")}</Button>
                    <Button small kind="danger" aria-label={t("takeBackOf", { email: one.email })} onClick={() => takeBack(one)}>{t("takeBack")}</Button>
                  </div>
                ),
              },
            ]}
          />
        )}
      </Card>
      {open && <InviteDialog givable={givable} onClose={() => setOpen(false)} onInvited={reload} />}
    </div>
  );
}

function InviteDialog({ givable, onClose, onInvited }: { givable: Role[]; onClose: () => void; onInvited: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>(givable.includes("editor") ? "editor" : givable[0]!);
  const [locale, setLocale] = useState<Language>(language.value);
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    await call(api.POST("/v1/invitations", { body: { email: email.trim(), role, locale } }));
    onInvited();
    onClose();
    tell(t("invited", { email }));
  });
  const languages = (Object.keys(LANGUAGES) as Language[]).map((value) => ({ value, label: LANGUAGES[value] }));
  return (
    <Dialog title={t("inviteTitle")} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label={t("email")} hint={t("emailHint")} type="email" value={email} onInput={setEmail} autoComplete="off" error={wrong("/email")} autoFocus required />
        <Select label={t("role")} hint={roleMay(role)} value={role} choices={givable.map((value) => ({ value, label: roleName(value) }))} onChange={setRole} error={wrong("/role")} />
        <Select label={t("mailLanguage")} value={locale} choices={languages} onChange={setLocale} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{t("send")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
