/** What the roles are called, and what each may do. */
import { words } from "~/i18n";
import type { Schemas } from "~/api/client";

export type Role = Schemas["OrganisationMember"]["role"];

export const ROLES: readonly Role[] = ["owner", "admin", "editor", "viewer", "billing", "operator"];

const t = words({
  en: {
    owner: "Owner",
    admin: "Administrator",
    editor: "Editor",
    viewer: "Viewer",
    billing: "Billing",
    operator: "Operator",
    ownerMay: "Everything, also the plan and how it is paid, other owners, and the end of the organisation.",
    adminMay: "Everything but what is paid: projects, members, keys, webhooks, the audit log and the settings.",
    editorMay: "Uploads, makes, edits, exports and erases projects and brand kits. Reads webhooks and usage.",
    viewerMay: "Reads and searches projects, clips, brand kits and analytics. Changes nothing.",
    billingMay: "Usage, plan, invoices and how it is paid. Sees members, but no projects.",
    operatorMay: "Runs the installation: health, dead letters, plans of other organisations. Here also all that an administrator may.",
  },
  de: {
    owner: "Inhaber",
    admin: "Verwaltung",
    editor: "Bearbeitung",
    viewer: "Ansicht",
    billing: "Abrechnung",
    operator: "Betrieb",
    ownerMay: "Alles, auch Tarif und Zahlung, andere Inhaber und das Ende der Organisation.",
    adminMay: "Alles bis auf die Zahlung: Projekte, Mitglieder, Schlüssel, Webhooks, Protokoll und Einstellungen.",
    editorMay: "Lädt Projekte und Markenpakete hoch, bearbeitet, exportiert und löscht sie. Liest Webhooks und Verbrauch.",
    viewerMay: "Liest und durchsucht Projekte, Clips, Markenpakete und Auswertungen. Ändert nichts.",
    billingMay: "Verbrauch, Tarif, Rechnungen und Zahlung. Sieht Mitglieder, aber keine Projekte.",
    operatorMay: "Betreibt die Installation: Zustand, gescheiterte Nachrichten, Tarife anderer Organisationen. Hier auch alles, was die Verwaltung darf.",
  },
});

export function roleName(role: Role): string {
  return t(role);
}

export function roleMay(role: Role): string {
  return t(`${role}May`);
}

/** The roles that somebody of a role may give and take; `operates`: the organisation runs the installation. */
export function rolesToGive(own: Role | undefined, operates: boolean): Role[] {
  const given: Partial<Record<Role, Role[]>> = {
    owner: ["owner", "admin", "editor", "viewer", "billing", "operator"],
    admin: ["admin", "editor", "viewer"],
    operator: ["admin", "editor", "viewer", "operator"],
  };
  return (own ? given[own] ?? [] : []).filter((role) => role !== "operator" || operates);
}
