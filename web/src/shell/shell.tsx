/** Navigation, head and content of every screen behind the sign-in. */
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { IconButton, LinkButton } from "~/components/button";
import { Icon, type IconName } from "~/components/icon";
import { Menu, type MenuItem } from "~/components/menu";
import { DropAnywhere, useNewFiles } from "~/uploads/drop";
import { UploadIndicator } from "~/uploads/indicator";
import { QuickSearch } from "~/components/quick-search";
import { LANGUAGES, language, setLanguage, type Language } from "~/i18n";
import { to } from "~/routes";
import { may, session, signOut, switchOrganisation, type Permission } from "~/session/session";
import { highContrast, theme, type Theme } from "~/state/preferences";
import { t } from "./messages";

interface Entry {
  key: Parameters<typeof t>[0];
  icon: IconName;
  path: string;
  permission?: Permission;
}

const ENTRIES: Entry[] = [
  { key: "projects", icon: "home", path: "", permission: "projects:read" },
  { key: "search", icon: "search", path: "search", permission: "projects:read" },
  { key: "analytics", icon: "chart", path: "analytics", permission: "analytics:read" },
  { key: "brandKits", icon: "brush", path: "brand-kits", permission: "brand:read" },
  { key: "webhooks", icon: "hook", path: "webhooks", permission: "webhooks:read" },
  { key: "usage", icon: "card", path: "usage", permission: "usage:read" },
  { key: "organisation", icon: "people", path: "organisation", permission: "members:read" },
  { key: "operators", icon: "wrench", path: "operators", permission: "installation:operate" },
];

/** Addresses of a thing that belongs to one organisation alone. */
const HOLDS_ONE_THING = /\/(projects|clips|exports|webhooks|brand-kits)\/./;

function addressOf(entry: Entry): string {
  return entry.path === "" ? to() : to(entry.path);
}

function isHere(entry: Entry, path: string): boolean {
  if (entry.path === "") return path === to() || path === "/app" || path.startsWith(`${to("projects")}/`) || path.startsWith(`${to("clips")}/`);
  return path === to(entry.path) || path.startsWith(`${to(entry.path)}/`);
}

function OrganisationMenu() {
  const { path, route } = useLocation();
  const current = session.value;
  // Seldom opened: loaded then.
  const [Making, setMaking] = useState<ComponentType<{ onClose: () => void }> | null>(null);
  if (!current?.account) return null;
  const organisations: MenuItem[] = current.memberships.map((one) => ({
    label: one.org_name,
    checked: one.org_id === current.account?.org_id,
    onSelect: () => void switchOrganisation(one.org_id).then(() => HOLDS_ONE_THING.test(path) && route(to())),
  }));
  const name = current.account.org_name;
  const items: (MenuItem | "line")[] = [...organisations, "line", { label: t("newOrganisation"), icon: "plus", onSelect: () => void import("~/components/account/new-organisation").then((one) => setMaking(() => one.NewOrganisationDialog)) }];
  return (
    <>
      <Menu label={t("organisations", { name })} align="start" button={<><span class="org-name">{name}</span><Icon name="down" size={16} /></>} items={items} />
      {Making && <Making onClose={() => setMaking(null)} />}
    </>
  );
}

function PersonMenu() {
  const { route } = useLocation();
  const current = session.value;
  if (!current) return null;
  const themes: MenuItem[] = (["system", "light", "dark"] as Theme[]).map((one) => ({
    label: t(one),
    checked: theme.value === one,
    onSelect: () => (theme.value = one),
  }));
  const languages: MenuItem[] = (Object.keys(LANGUAGES) as Language[]).map((one) => ({
    label: LANGUAGES[one],
    checked: language.value === one,
    onSelect: () => setLanguage(one),
  }));
  const name = current.profile.name || current.profile.email;
  return (
    <Menu
      label={t("person", { name })}
      button={<span class="avatar" aria-hidden="true">{name.slice(0, 1).toUpperCase()}</span>}
      items={[
        { label: t("account"), icon: "person", href: to("account") },
        "line",
        ...themes,
        { label: t("contrast"), checked: highContrast.value, onSelect: () => (highContrast.value = !highContrast.value) },
        "line",
        ...languages,
        "line",
        { label: t("docs"), icon: "list", onSelect: () => location.assign("/docs") },
        { label: t("signOut"), icon: "logout", onSelect: () => void signOut().then(() => route(to("sign-in"))) },
      ]}
    />
  );
}

/** Files dropped on any screen go to a new project. */
function FileDrop() {
  return <DropAnywhere onFiles={useNewFiles()} />;
}

export function Shell({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  const shown = ENTRIES.filter((entry) => !entry.permission || may(entry.permission));
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>{t("skip")}</a>
      <header class="top">
        <IconButton class="nav-toggle" label={t("openMenu")} icon="list" aria-expanded={open} onClick={() => setOpen(!open)} />
        <a class="brand" href={to()} aria-label="Clipstream">
          <img src="/web/mark.svg" alt="" width={26} height={26} />
          <span>Clipstream</span>
        </a>
        <OrganisationMenu />
        <span class="spread" />
        <UploadIndicator />
        <QuickSearch screens={shown.map((entry) => ({ label: t(entry.key), href: addressOf(entry), icon: entry.icon }))} />
        {may("projects:write") && <LinkButton kind="primary" icon="plus" href={to("new")}><span>{t("newProject")}</span></LinkButton>}
        <PersonMenu />
      </header>
      <nav class={open ? "open" : ""} aria-label={t("navigation")}>
        <ul>
          {shown.map((entry) => (
            <li key={entry.key}>
              <a href={addressOf(entry)} aria-current={isHere(entry, path) ? "page" : undefined}>
                <Icon name={entry.icon} />
                <span>{t(entry.key)}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" tabIndex={-1}>{children}</main>
      {may("projects:write") && <FileDrop />}
    </div>
  );
}
