/**
 * What an address carries behind `#`: the code of a mail or of a link, and what came of a sign-in with a provider.
 *
 * It leaves the address before anything else runs, so that no history, screenshot or copied address shows it, and it is
 * read once.
 */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

const NAMES = ["code", "state", "error"];

/** What has come and was not read yet. */
export const arrival = signal<URLSearchParams | null>(null);

export function takeFragment(): void {
  const found = new URLSearchParams(location.hash.slice(1));
  if (!NAMES.some((name) => found.has(name))) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  arrival.value = found;
}

/** The code that this page was opened with; empty: none. It stays with the part of the page that asked. */
export function useArrivedCode(): string {
  const [code, setCode] = useState("");
  const found = arrival.value?.get("code") ?? "";
  useEffect(() => {
    if (!found) return;
    setCode(found);
    arrival.value = null;
  }, [found]);
  return found || code;
}

takeFragment();
addEventListener("hashchange", takeFragment);
