/**
 * Every screen and its address. A screen is loaded when it is first opened.
 *
 * `permission`: who lacks it does not see the entry of the navigation; the API refuses in any case.
 */
import { h, type ComponentType } from "preact";
import { lazy } from "preact-iso";
import type { Permission } from "~/session/session";

export const BASE = "/app";

/** Address of a screen: `to("projects", id)`. */
export function to(...parts: string[]): string {
  return [BASE, ...parts.map((part) => encodeURIComponent(part))].join("/") + (parts.length === 0 ? "/" : "");
}

/** Address of a place in a project's recording: the page begins there. `startOf` reads it. */
export function toPlace(projectId: string, ms: number): string {
  return `${to("projects", projectId)}?${new URLSearchParams({ at: String(Math.max(0, Math.round(ms))) })}`;
}

/** Place in ms that an address leads to; 0: the beginning. */
export function startOf(query: Record<string, string>): number {
  const ms = Number(query["at"] ?? 0);
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}

export interface Route {
  path: string;
  screen: ComponentType;
  permission?: Permission;
  /** Seen without a session. */
  public?: boolean;
  /** Without navigation around it. */
  bare?: boolean;
}

/** A screen that is loaded when it is opened. Its styles hold inside its own frame alone (`vite.config.ts`). */
function loaded(name: string, load: () => Promise<{ default: ComponentType }>): ComponentType {
  const Screen = lazy(load) as ComponentType;
  return (props) => h("div", { class: "screen", "data-screen": name }, h(Screen, props));
}

export const ROUTES: Route[] = [
  { path: "/", screen: loaded("home", () => import("~/screens/home")) },
  { path: "/new", screen: loaded("new-project", () => import("~/screens/new-project")) },
  { path: "/projects/:id", screen: loaded("project", () => import("~/screens/project")) },
  { path: "/clips/:id", screen: loaded("clip", () => import("~/screens/clip")) },
  { path: "/exports/:id", screen: loaded("export", () => import("~/screens/export")) },
  { path: "/shares", screen: loaded("shares", () => import("~/screens/shares")) },
  { path: "/search", screen: loaded("search", () => import("~/screens/search")) },
  { path: "/analytics", screen: loaded("analytics", () => import("~/screens/analytics")) },
  { path: "/webhooks", screen: loaded("webhooks", () => import("~/screens/webhooks")) },
  { path: "/webhooks/:id", screen: loaded("webhooks", () => import("~/screens/webhooks")) },
  { path: "/usage", screen: loaded("usage", () => import("~/screens/usage")) },
  { path: "/brand-kits", screen: loaded("brand-kits", () => import("~/screens/brand-kits")) },
  { path: "/brand-kits/:id", screen: loaded("brand-kits", () => import("~/screens/brand-kits")) },
  { path: "/operators", screen: loaded("operators", () => import("~/screens/operators")) },
  { path: "/organisation", screen: loaded("organisation", () => import("~/screens/organisation")) },
  { path: "/organisation/:tab", screen: loaded("organisation", () => import("~/screens/organisation")) },
  { path: "/account", screen: loaded("account", () => import("~/screens/account")) },
  { path: "/account/:tab", screen: loaded("account", () => import("~/screens/account")) },
  { path: "/sign-in", screen: loaded("sign-in", () => import("~/screens/sign-in")), public: true, bare: true },
  { path: "/register", screen: loaded("register", () => import("~/screens/register")), public: true, bare: true },
  { path: "/invitation", screen: loaded("invitation", () => import("~/screens/invitation")), public: true, bare: true },
  { path: "/verify-email", screen: loaded("verify-email", () => import("~/screens/verify-email")), public: true, bare: true },
  { path: "/reset-password", screen: loaded("reset-password", () => import("~/screens/reset-password")), public: true, bare: true },
];

/** Addresses that mails and pushes name, and the screens that show what they mean. */
export const FORWARDED: Record<string, string[]> = {
  "/members": ["organisation", "members"],
  "/keys": ["organisation", "keys"],
  "/billing": ["usage"],
};
