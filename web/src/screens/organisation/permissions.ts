/** What permissions and scopes allow, in words. */
import { words } from "~/i18n";
import type { Permission } from "~/session/session";

export type Scope = Permission | "read" | "write" | "admin";

const t = words({
  en: {
    read: "Read everything that a viewer reads, and webhooks and usage",
    write: "Change projects, brand kits and webhooks",
    admin: "Administer: members, keys, logs, settings, scoring",
    "projects:read": "Read and search projects, clips, transcripts, exports",
    "projects:write": "Upload, make, edit, export and erase projects",
    "brand:read": "Read brand kits and caption templates",
    "brand:write": "Change brand kits and caption templates",
    "scoring:read": "Read the weights of the score",
    "scoring:write": "Change the weights of the score",
    "analytics:read": "Read analytics",
    "webhooks:read": "Read webhooks and what was delivered",
    "webhooks:write": "Change webhooks and deliver again",
    "dead-letters:read": "Read dead letters and stuck projects",
    "dead-letters:write": "Replay dead letters",
    "members:read": "See who belongs to the organisation",
    "members:write": "Invite people, change roles, remove people",
    "keys:read": "List keys, service accounts and apps",
    "keys:write": "Make, rotate and revoke keys",
    "audit:read": "Read the audit log and the request log",
    "usage:read": "Read usage",
    "billing:read": "Read plan, invoices and limits",
    "billing:write": "Change the plan and how it is paid",
    "organisation:read": "Read the settings of the organisation",
    "organisation:write": "Change the settings, export all data",
    "organisation:erase": "Erase the organisation",
    "installation:operate": "Operate the installation",
  },
  de: {
    read: "Alles lesen, was die Rolle Ansicht liest, dazu Webhooks und Verbrauch",
    write: "Projekte, Markenpakete und Webhooks ändern",
    admin: "Verwalten: Mitglieder, Schlüssel, Protokolle, Einstellungen, Bewertung",
    "projects:read": "Projekte, Clips, Transkripte und Exporte lesen und durchsuchen",
    "projects:write": "Projekte hochladen, anlegen, bearbeiten, exportieren und löschen",
    "brand:read": "Markenpakete und Untertitelvorlagen lesen",
    "brand:write": "Markenpakete und Untertitelvorlagen ändern",
    "scoring:read": "Gewichte der Bewertung lesen",
    "scoring:write": "Gewichte der Bewertung ändern",
    "analytics:read": "Auswertungen lesen",
    "webhooks:read": "Webhooks und Zugestelltes lesen",
    "webhooks:write": "Webhooks ändern und noch einmal zustellen",
    "dead-letters:read": "Gescheiterte Nachrichten und hängende Projekte lesen",
    "dead-letters:write": "Gescheiterte Nachrichten wiederholen",
    "members:read": "Sehen, wer zur Organisation gehört",
    "members:write": "Personen einladen, Rollen ändern, Personen entfernen",
    "keys:read": "Schlüssel, Dienstkonten und Apps auflisten",
    "keys:write": "Schlüssel anlegen, ersetzen und widerrufen",
    "audit:read": "Änderungsprotokoll und Anfragenprotokoll lesen",
    "usage:read": "Verbrauch lesen",
    "billing:read": "Tarif, Rechnungen und Grenzen lesen",
    "billing:write": "Tarif und Zahlungsweise ändern",
    "organisation:read": "Einstellungen der Organisation lesen",
    "organisation:write": "Einstellungen ändern, alle Daten exportieren",
    "organisation:erase": "Organisation löschen",
    "installation:operate": "Die Installation betreiben",
  },
});

/** Scopes that stand for several permissions. */
export const BUNDLES = ["read", "write", "admin"] as const;

/** Single permissions, in the order of the page about permissions. */
export const PERMISSIONS: readonly Permission[] = [
  "projects:read", "projects:write", "brand:read", "brand:write", "scoring:read", "scoring:write", "analytics:read",
  "webhooks:read", "webhooks:write", "dead-letters:read", "dead-letters:write", "members:read", "members:write", "keys:read",
  "keys:write", "audit:read", "usage:read", "billing:read", "billing:write", "organisation:read", "organisation:write",
  "organisation:erase", "installation:operate",
];

/** Permissions that apps may have: none that changes who may call, who pays, or what stays after the grant. */
export const OF_APPS: readonly Permission[] = PERMISSIONS.filter(
  (one) => !["dead-letters:read", "dead-letters:write", "members:write", "keys:read", "keys:write", "billing:write", "organisation:write", "organisation:erase", "installation:operate"].includes(one),
);

export function scopeText(scope: Scope): string {
  return t(scope);
}
