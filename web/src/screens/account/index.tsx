/** Your account: who you are, how you sign in, and what reaches you. */
import type { ComponentType } from "preact";
import { useRoute } from "preact-iso";
import { Page } from "~/components/page";
import { Tabs } from "~/components/tabs";
import { to } from "~/routes";
import { session } from "~/session/session";
import { Apps } from "./apps";
import { t } from "./messages";
import { Notifications } from "./notifications";
import { Organisations } from "./organisations";
import { Profile } from "./profile";
import { Security } from "./security";
import { Sessions } from "./sessions";
import "~/components/account/settings.css";

const TABS: Record<string, { label: Parameters<typeof t>[0]; part: ComponentType }> = {
  profile: { label: "profile", part: Profile },
  security: { label: "security", part: Security },
  sessions: { label: "sessions", part: Sessions },
  apps: { label: "apps", part: Apps },
  notifications: { label: "notifications", part: Notifications },
  organisations: { label: "organisations", part: Organisations },
};

export default function AccountScreen() {
  const wanted = useRoute().params["tab"] ?? "profile";
  const current = wanted in TABS ? wanted : "profile";
  const Part = TABS[current]!.part;
  const tabs = Object.entries(TABS).map(([id, tab]) => ({ id, label: t(tab.label), href: to("account", id) }));
  return (
    <Page title={t("title")} lead={session.value?.profile.email}>
      <Tabs label={t("title")} tabs={tabs} current={current} />
      <Part />
    </Page>
  );
}
