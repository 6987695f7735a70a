/** Where a sign-in leads to. */
import { to } from "~/routes";

const KEY = "clipstream.back";

/** An address of this app, or the consent page of an app that asks; anything else leads to the projects. */
export function destination(back: string | null | undefined): string {
  if (!back || back.includes("\\")) return to();
  const inApp = back === "/app" || back.startsWith(to());
  return inApp || back.startsWith("/oauth/authorize?") ? back : to();
}

/** Keeps it while the browser is at a provider. */
export function keepBack(back: string | undefined): void {
  if (back) sessionStorage.setItem(KEY, back);
  else sessionStorage.removeItem(KEY);
}

export function takeBack(): string {
  const back = destination(sessionStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  return back;
}
