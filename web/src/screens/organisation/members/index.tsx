/** Who belongs to the organisation, with which role. */
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Badge, Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { date } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { roleMay, roleName, ROLES, rolesToGive, type Role } from "~/session/roles";
import { may, readSession, session } from "~/session/session";
import { tell, tellProblem } from "~/state/toasts";
import { useMembers } from "../actors";
import { Invitations } from "./invitations";
import { t } from "./messages";

type Member = Schemas["OrganisationMember"];

/** Role of who is signed in, and whether the organisation runs the installation. */
export function useOwnRole(): { role: Role | undefined; operates: boolean } {
  const current = session.value;
  const role = current?.memberships.find((one) => one.org_id === current.account?.org_id)?.role;
  return { role, operates: role === "operator" || may("installation:operate") };
}

export function Members() {
  const { route } = useLocation();
  const { data, problem, reload } = useMembers();
  const [removed, setRemoved] = useState<Member | null>(null);
  const own = useOwnRole();
  if (problem && !data) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <Loading />;
  const me = session.value?.profile.user_id;
  const givable = may("members:write") ? rolesToGive(own.role, own.operates) : [];
  const nameOf = (one: Member) => one.name || one.email;
  const touches = (one: Member) => givable.includes(one.role);
  const give = async (member: Member, role: Role) => {
    try {
      await call(api.PATCH("/v1/members/{user_id}", { params: { path: { user_id: member.user_id } }, body: { role } }));
      tell(t("roleChanged", { name: nameOf(member), role: roleName(role) }));
      if (member.user_id === me) await readSession();
    } catch (error) {
      tellProblem(error);
    } finally {
      reload();
    }
  };
  const remove = async (member: Member) => {
    await call(api.DELETE("/v1/members/{user_id}", { params: { path: { user_id: member.user_id } } }));
    tell(t("removed", { name: nameOf(member) }));
    invalidate("members");
    if (member.user_id !== me) return;
    await readSession();
    route(to("account", "organisations"));
  };
  return (
    <>
      <p class="lead">{t("lead", { count: data.items.length })}</p>
      <Table
        caption={t("person")}
        rows={data.items}
        keyOf={(one) => one.user_id}
        columns={[
          {
            title: t("person"),
            cell: (one) => (
              <div class="person-cell">
                <span><strong>{nameOf(one)}</strong> {one.user_id === me && <Badge tone="active">{t("you")}</Badge>}</span>
                {one.name && <span class="hint">{one.email}</span>}
              </div>
            ),
          },
          { title: t("role"), cell: (one) => (touches(one) ? <RoleSelect member={one} name={nameOf(one)} choices={givable} onGive={give} /> : roleName(one.role)) },
          { title: t("since"), cell: (one) => date(one.created_at) },
          {
            title: "",
            cell: (one) =>
              touches(one) && (
                <Button small kind="danger" aria-label={one.user_id === me ? t("leaveTitle") : t("removeOf", { name: nameOf(one) })} onClick={() => setRemoved(one)}>
                  {one.user_id === me ? t("leave") : common("remove")}
                </Button>
              ),
          },
        ]}
      />
      <RolesExplained operates={own.operates} />
      <Invitations givable={givable} />
      {removed && (
        <ConfirmDialog
          title={removed.user_id === me ? t("leaveTitle") : t("removeOf", { name: nameOf(removed) })}
          text={removed.user_id === me ? t("leaveText") : t("removeText", { name: nameOf(removed) })}
          verb={removed.user_id === me ? t("leave") : common("remove")}
          onConfirm={() => remove(removed)}
          onClose={() => setRemoved(null)}
        />
      )}
    </>
  );
}

function RoleSelect({ member, name, choices, onGive }: { member: Member; name: string; choices: Role[]; onGive: (member: Member, role: Role) => Promise<void> }) {
  return (
    <div class="member-role">
      <select aria-label={t("roleOf", { name })} value={member.role} title={roleMay(member.role)} onChange={(event) => void onGive(member, event.currentTarget.value as Role)}>
        {choices.map((role) => <option key={role} value={role}>{roleName(role)}</option>)}
      </select>
    </div>
  );
}

function RolesExplained({ operates }: { operates: boolean }) {
  return (
    <details class="part card">
      <summary><strong>{t("whoMay")}</strong></summary>
      <dl class="roles">
        {ROLES.filter((role) => role !== "operator" || operates).map((role) => [<dt key={role}>{roleName(role)}</dt>, <dd key={`${role}-may`}>{roleMay(role)}</dd>])}
      </dl>
    </details>
  );
}
