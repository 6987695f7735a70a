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
  { path: "/sign-in", screen: loaded(() => import("~/screens/sign-in")), public: true, bare: true },
];
