/**
 * Words of the page in the person's language, and numbers, times and dates as that language writes them.
 *
 * Each screen brings its own words: `const t = words({ en: {…}, de: {…} })`; TypeScript refuses a language that lacks one.
 * A word is a text with `{names}`, or a text for each plural form, chosen by `{count}`.
 */
import { computed, signal } from "@preact/signals";

export type Language = "en" | "de";
export const LANGUAGES: Record<Language, string> = { en: "English", de: "Deutsch" };
const KEY = "clipstream.language";

type Plural = { one: string; other: string };
type Word = string | Plural;
type Values = Record<string, string | number>;
type Same<T> = { [K in keyof T]: T[K] extends string ? string : Plural };

function isLanguage(value: string | null | undefined): value is Language {
  return value !== null && value !== undefined && value in LANGUAGES;
}

function initial(): Language {
  const kept = localStorage.getItem(KEY);
  if (isLanguage(kept)) return kept;
  const wanted = navigator.languages.map((one) => one.slice(0, 2)).find(isLanguage);
  return wanted ?? "en";
}

export const language = signal<Language>(initial());
/** `rtl` mirrors the whole page: tried with `localStorage["clipstream.direction"] = "rtl"`. */
export const direction = signal(localStorage.getItem("clipstream.direction") === "rtl" ? "rtl" : "ltr");

export function setLanguage(next: Language): void {
  localStorage.setItem(KEY, next);
  language.value = next;
}

const plurals = computed(() => new Intl.PluralRules(language.value));

function filled(word: Word, values: Values): string {
  const text =
    typeof word === "string" ? word : plurals.value.select(Number(values["count"] ?? 0)) === "one" ? word.one : word.other;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

export type Translate<T> = (key: keyof T, values?: Values) => string;

/** Words of one screen in every language. Read inside a component, so that it follows a change of language. */
export function words<T extends Record<string, Word>>(all: { en: T } & Record<Exclude<Language, "en">, Same<T>>): Translate<T> {
  return (key, values = {}) => filled((all[language.value] as T)[key] as Word, values);
}

/** Formats are dear to make: a log of a thousand lines needs the same few again and again. */
const formats = new Map<string, unknown>();

function formatOf<T>(kind: string, options: object, make: (language: Language) => T): T {
  const key = `${kind} ${language.value} ${JSON.stringify(options)}`;
  const known = formats.get(key) as T | undefined;
  if (known) return known;
  const made = make(language.value);
  formats.set(key, made);
  return made;
}

export function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  return formatOf("number", options, (one) => new Intl.NumberFormat(one, options)).format(value);
}

export function percent(share: number, digits = 0): string {
  return number(share, { style: "percent", maximumFractionDigits: digits });
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function bytes(value: number): string {
  const step = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** step;
  return number(scaled, { style: "unit", unit: UNITS[step]!, unitDisplay: "short", maximumFractionDigits: scaled < 10 && step > 0 ? 1 : 0 });
}

/** A place in a video: `1:02:03`, `2:03` or, with tenths, `2:03.4`. */
export function clock(ms: number, tenths = false): string {
  const whole = Math.max(0, tenths ? Math.floor(ms / 100) / 10 : Math.floor(ms / 1000));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const seconds = whole % 60;
  const text = tenths ? seconds.toFixed(1).padStart(4, "0") : String(seconds).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${text}` : `${minutes}:${text}`;
}

/** A length of time in words: `2 min 30 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const unit = (value: number, name: string) => number(value, { style: "unit", unit: name, unitDisplay: "short" });
  if (seconds < 60) return unit(seconds, "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 || minutes >= 10 ? unit(Math.round(seconds / 60), "minute") : `${unit(minutes, "minute")} ${unit(seconds % 60, "second")}`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? unit(hours, "hour") : `${unit(hours, "hour")} ${unit(minutes % 60, "minute")}`;
}

export function date(value: string | number | Date, options: Intl.DateTimeFormatOptions = { dateStyle: "medium" }): string {
  return formatOf("date", options, (one) => new Intl.DateTimeFormat(one, options)).format(new Date(value));
}

export function dateTime(value: string | number | Date): string {
  return date(value, { dateStyle: "medium", timeStyle: "short" });
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** `3 hours ago`, `in 2 days`; a date where it is more than 30 days away. */
export function ago(value: string | number | Date, now: number = Date.now()): string {
  const difference = new Date(value).getTime() - now;
  if (Math.abs(difference) > 30 * 86_400_000) return date(value);
  const format = formatOf("ago", {}, (one) => new Intl.RelativeTimeFormat(one, { numeric: "auto" }));
  for (const [unit, length] of STEPS) {
    if (Math.abs(difference) >= length) return format.format(Math.round(difference / length), unit);
  }
  return format.format(0, "minute").length > 0 && Math.abs(difference) < 45_000
    ? format.format(0, "second")
    : format.format(Math.round(difference / 60_000), "minute");
}

export function money(value: number, currency: string): string {
  return number(value, { style: "currency", currency, maximumFractionDigits: value < 1 ? 4 : 2 });
}
