/** Options of a project as the form holds them: only what differs from the defaults. */
import type { Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";

export type Options = Schemas["ProjectOptions"];
type Tree = { [name: string]: unknown };

/** The value at a path such as `export/sound/denoise`; undefined: the default. */
export function valueAt(options: Options, path: string): unknown {
  return path.split("/").reduce<unknown>((at, name) => (typeof at === "object" && at !== null ? (at as Tree)[name] : undefined), options);
}

/** Options with another value at a path; undefined takes it out, and parents that are empty then. */
export function withValue(options: Options, path: string, value: unknown): Options {
  const [name, ...rest] = path.split("/") as [string, ...string[]];
  const tree = { ...(options as Tree) };
  const next = rest.length === 0 ? value : withValue((tree[name] ?? {}) as Options, rest.join("/"), value);
  const empty = next === undefined || (rest.length > 0 && Object.keys(next as Tree).length === 0);
  if (empty) delete tree[name];
  else tree[name] = next;
  return tree as Options;
}

const USUAL: Tree = {
  aspect: "9:16", captions: true, captions_template: "bold_outline", mask_profanity: false, min_clip_ms: 10_000, max_clip_ms: 90_000, genre: "none", curation: "on",
};

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}

/** Options without what is as by default, as the API's answers have them whole. */
export function sparse(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => !isEmpty(value) && USUAL[name] !== value)) as Options;
}

/** Whether both ask for the same. */
export function isSame(one: Options, other: Options): boolean {
  const text = (options: Options) => JSON.stringify(Object.entries(sparse(options)).sort());
  return text(one) === text(other);
}

/** What the API says about fields: pointers such as `/options/max_clips` and sentences. */
export type FieldErrors = ReadonlyMap<string, string>;
export const NO_ERRORS: FieldErrors = new Map();

export function fieldErrorsOf(error: unknown): FieldErrors {
  const told = (asProblem(error).body.errors ?? []) as unknown as { pointer?: string; detail?: string }[];
  return new Map(told.map((one) => [one.pointer ?? "", one.detail ?? ""]));
}

/** The error at an option, or at a part of it. */
export function errorAt(errors: FieldErrors, path: string): string | null {
  const pointer = `/options/${path}`;
  for (const [at, detail] of errors) if (at === pointer || at.startsWith(`${pointer}/`)) return detail;
  return null;
}

export interface TimeRange {
  start_ms: number;
  end_ms: number;
}

/** `1:02:03`, `2:03.5` or `45` in ms; null where it is no time. */
export function parseTime(text: string): number | null {
  const parts = text.trim().split(":");
  if (parts.length > 3 || !parts.every((part, at) => (at === parts.length - 1 ? /^\d+([.,]\d+)?$/ : /^\d+$/).test(part))) return null;
  const seconds = parts.reduce((sum, part) => sum * 60 + Number(part.replace(",", ".")), 0);
  return Math.round(seconds * 1000);
}

/** Ranges, one a line: `0:00 - 1:30`. `wrong`: the first line that is none. */
export function parseRanges(text: string): { ranges: TimeRange[]; wrong: string | null } {
  const ranges: TimeRange[] = [];
  for (const line of text.split("\n").map((one) => one.trim()).filter(Boolean)) {
    const [from, until, ...more] = line.split(/\s*[-–—]\s*|\s+(?:to|bis)\s+/);
    const start = parseTime(from ?? "");
    const end = parseTime(until ?? "");
    if (start === null || end === null || more.length > 0) return { ranges, wrong: line };
    ranges.push({ start_ms: start, end_ms: end });
  }
  return { ranges, wrong: null };
}

export function spellRanges(ranges: readonly TimeRange[], clock: (ms: number, tenths?: boolean) => string): string {
  return ranges.map((one) => `${clock(one.start_ms, one.start_ms % 1000 > 0)} - ${clock(one.end_ms, one.end_ms % 1000 > 0)}`).join("\n");
}

/** Words separated by commas or lines. */
export function parseList(text: string): string[] {
  return [...new Set(text.split(/[,\n]/).map((one) => one.trim()).filter(Boolean))];
}

export const ASPECTS = ["9:16", "4:5", "1:1", "16:9"] as const;
export type Aspect = (typeof ASPECTS)[number];

export function aspectsOf(options: Options): Aspect[] {
  const list = options.aspects ?? [];
  return list.length > 0 ? list : [options.aspect ?? "9:16"];
}

/** Options with a shape taken or left; one stays at least. */
export function toggleAspect(options: Options, aspect: Aspect): Options {
  const now = aspectsOf(options);
  const next = now.includes(aspect) ? now.filter((one) => one !== aspect) : ASPECTS.filter((one) => now.includes(one) || one === aspect);
  if (next.length === 0) return options;
  const { aspect: _, ...rest } = options;
  return withValue(rest, "aspects", next.length === 1 && next[0] === "9:16" ? undefined : [...next]);
}

/** Languages that speech is recognised in. Javanese is `jw` there. */
export const LANGUAGES = (
  "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv " +
  "mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
).split(" ");

/** The languages by their names in a language, in its order. */
export function namedLanguages(shown: string): { code: string; name: string }[] {
  const names = new Intl.DisplayNames(shown, { type: "language" });
  const list = LANGUAGES.map((code) => ({ code, name: names.of(code === "jw" ? "jv" : code) ?? code }));
  return list.sort((a, b) => a.name.localeCompare(b.name, shown));
}
