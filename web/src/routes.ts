/**
 * Every screen and its address. A screen is loaded when it is first opened.
 *
 * `permission`: who lacks it does not see the entry of the navigation; the API refuses in any case.
 */
import type { ComponentType } from "preact";
import { lazy } from "preact-iso";
import type { Permission } from "~/session/session";

export const BASE = "/app";

/** Address of a screen: `to("projects", id)`. */
export function to(...parts: string[]): string {
  return [BASE, ...parts.map((part) => encodeURIComponent(part))].join("/") + (parts.length === 0 ? "/" : "");
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

function loaded(load: () => Promise<{ default: ComponentType }>): ComponentType {
  return lazy(load) as ComponentType;
}

export const ROUTES: Route[] = [
  { path: "/", screen: loaded(() => import("~/screens/home")) },
  { path: "/new", screen: loaded(() => import("~/screens/new-project")) },
  { path: "/projects/:id", screen: loaded(() => import("~/screens/project")) },
  { path: "/clips/:id", screen: loaded(() => import("~/screens/clip")) },
  { path: "/exports/:id", screen: loaded(() => import("~/screens/export")) },
  { path: "/shares", screen: loaded(() => import("~/screens/shares")) },
  { path: "/search", screen: loaded(() => import("~/screens/search")) },
  { path: "/analytics", screen: loaded(() => import("~/screens/analytics")) },
  { path: "/webhooks", screen: loaded(() => import("~/screens/webhooks")) },
  { path: "/webhooks/:id", screen: loaded(() => import("~/screens/webhooks")) },
  { path: "/usage", screen: loaded(() => import("~/screens/usage")) },
  { path: "/brand-kits", screen: loaded(() => import("~/screens/brand-kits")) },
  { path: "/brand-kits/:id", screen: loaded(() => import("~/screens/brand-kits")) },
  { path: "/operators", screen: loaded(() => import("~/screens/operators")) },
  { path: "/organisation", screen: loaded(() => import("~/screens/organisation")) },
  { path: "/organisation/:tab", screen: loaded(() => import("~/screens/organisation")) },
  { path: "/account", screen: loaded(() => import("~/screens/account")) },
  { path: "/account/:tab", screen: loaded(() => import("~/screens/account")) },
  { path: "/sign-in", screen: loaded(() => import("~/screens/sign-in")), public: true, bare: true },
  { path: "/register", screen: loaded(() => import("~/screens/register")), public: true, bare: true },
  { path: "/invitation", screen: loaded(() => import("~/screens/invitation")), public: true, bare: true },
  { path: "/verify-email", screen: loaded(() => import("~/screens/verify-email")), public: true, bare: true },
  { path: "/reset-password", screen: loaded(() => import("~/screens/reset-password")), public: true, bare: true },
];

/** Addresses that mails and pushes name, and the screens that show what they mean. */
export const FORWARDED: Record<string, string[]> = {
  "/members": ["organisation", "members"],
  "/keys": ["organisation", "keys"],
  "/billing": ["usage"],
};
