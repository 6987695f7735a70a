/** How the page looks to this person on this machine. */
import { effect, signal } from "@preact/signals";
import { direction, language } from "~/i18n";

export type Theme = "system" | "light" | "dark";
const KEY = "clipstream.theme";
const CONTRAST = "clipstream.contrast";

const kept = localStorage.getItem(KEY);
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");
export const highContrast = signal(localStorage.getItem(CONTRAST) === "more");

/** Keep the document's attributes equal to what is chosen. */
export function followPreferences(): void {
  effect(() => {
    const root = document.documentElement;
    root.dataset["theme"] = theme.value;
    root.dataset["contrast"] = highContrast.value ? "more" : "system";
    root.lang = language.value;
    root.dir = direction.value;
    localStorage.setItem(KEY, theme.value);
    localStorage.setItem(CONTRAST, highContrast.value ? "more" : "system");
  });
}
