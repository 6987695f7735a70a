/** The organisation: who belongs to it, what may call for it, what was done, and its settings. */
import type { ComponentType } from "preact";
import { useRoute } from "preact-iso";
import { Page } from "~/components/page";
import { Empty, Notice } from "~/components/states";
import { Tabs } from "~/components/tabs";
import { to } from "~/routes";
import { roleName } from "~/session/roles";
import { may, session, type Permission } from "~/session/session";
import { Clients } from "./clients";
import { Keys } from "./keys";
import { AuditLog } from "./logs/audit-log";
import { RequestLog } from "./logs/request-log";
import { Members } from "./members";
import { t } from "./messages";
import { ServiceAccounts } from "./service-accounts";
import { DataAndErasure } from "./settings/data-and-erasure";
import { Settings } from "./settings";
import "~/components/account/settings.css";
import "./organisation.css";

interface Tab {
  label: Parameters<typeof t>[0];
  part: ComponentType;
  needs: Permission;
  /** Who lacks it reads only. */
  changes?: Permission;
}

const TABS: Record<string, Tab> = {
  members: { label: "members", part: Members, needs: "members:read", changes: "members:write" },
  keys: { label: "keys", part: Keys, needs: "keys:read", changes: "keys:write" },
  "service-accounts": { label: "serviceAccounts", part: ServiceAccounts, needs: "keys:read", changes: "keys:write" },
  apps: { label: "clients", part: Clients, needs: "keys:read", changes: "keys:write" },
  audit: { label: "audit", part: AuditLog, needs: "audit:read" },
  requests: { label: "requests", part: RequestLog, needs: "audit:read" },
  settings: { label: "settings", part: Settings, needs: "organisation:read", changes: "organisation:write" },
  data: { label: "data", part: DataAndErasure, needs: "organisation:read", changes: "organisation:write" },
};

export default function OrganisationScreen() {
  const wanted = useRoute().params["tab"] ?? "members";
  const shown = Object.entries(TABS).filter(([, tab]) => may(tab.needs));
  const found = shown.find(([id]) => id === wanted) ?? (wanted in TABS ? undefined : shown[0]);
  const role = session.value?.memberships.find((one) => one.org_id === session.value?.account?.org_id)?.role;
  const tabs = shown.map(([id, tab]) => ({ id, label: t(tab.label), href: to("organisation", id) }));
  const Part = found?.[1].part;
  return (
    <Page title={t("title")} lead={session.value?.account?.org_name}>
      <Tabs label={t("title")} tabs={tabs} current={found?.[0] ?? ""} />
      {found?.[1].changes && !may(found[1].changes) && role && <Notice><p>{t("readOnly", { role: roleName(role) })}</p></Notice>}
      {Part ? <Part /> : <Empty icon="shield" title={t("nothingHere")} />}
    </Page>
  );
}
