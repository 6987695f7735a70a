/**
 * What the API says in English, in the person's language where its code is known.
 *
 * The German of it is loaded once somebody reads German. Until then, and for codes without German, these answer null:
 * the page shows the API's own words then, marked as English.
 */
import { effect, signal } from "@preact/signals";
import { language } from "./index";

type German = typeof import("./german");
const german = signal<German | null>(null);

effect(() => {
  if (language.value === "de" && !german.peek()) void loadGerman();
});

/** Also for tests, which cannot wait for a page. */
export async function loadGerman(): Promise<void> {
  german.value = await import("./german");
}

function read<T>(choose: (words: German) => Record<string, T>, name: string): T | null {
  if (language.value !== "de" || !german.value) return null;
  return choose(german.value)[name] ?? null;
}

export const problemWords = (code: string) => read((words) => words.PROBLEMS, code);
export const templateWords = (id: string) => read((words) => words.TEMPLATES, id);
export const presetNote = (name: string) => read((words) => words.PRESET_NOTES, name);
export const evidenceWord = (kind: string) => read((words) => words.EVIDENCE, kind);
export const unitWord = (unit: string) => read((words) => words.UNITS, unit);
export const shortfallWord = (what: string) => read((words) => words.SHORTFALLS, what);
