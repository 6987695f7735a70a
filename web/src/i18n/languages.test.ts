/** Every word of the page is German in German: what stays the same has a reason. */
import { describe, expect, it, vi } from "vitest";
import { EVIDENCE, PROBLEMS, SHORTFALLS, TEMPLATES, UNITS } from "./german";
import { loadGerman, problemWords, templateWords } from "./server-words";
import { setLanguage } from "./index";

type Word = string | { one: string; other: string };
type Words = Record<"en" | "de", Record<string, Word>>;
const { all } = vi.hoisted(() => ({ all: [] as Words[] }));

vi.mock("./index", async (original) => {
  const real = await original<typeof import("./index")>();
  const words: typeof real.words = (told) => {
    all.push(told as unknown as Words);
    return real.words(told);
  };
  return { ...real, words };
});

/** Values that are the same in both, by the reason. */
const SAME: Record<string, readonly string[]> = {
  "a word that German has too": [
    "Name", "Video", "Clips", "Clip", "Link", "Apps", "App", "In", "Organisation", "Browser", "Median", "Text", "Logo", "Format", "Test", "Interview",
    "Podcast", "Stream", "Sport", "Feed", "Version", "Person", "Pause", "Uploads", "Encoder", "Version {count}", "Version {version}", "Version {number}", "Clip {rank}",
  ],
  "a name": ["Ada Lovelace", "Clipstream", "Python", "TypeScript", "OpenTimelineIO: Resolve, Premiere, Avid", "FCPXML: Final Cut Pro, Resolve"],
  "a term of the trade that is not translated": ["Passkeys", "Passkey", "Webhooks", "JSON Schema", "Origin", "SHA-256: {sum}"],
  "a unit or a key": ["{from}–{until} s", "{gain} dB", "{speed}/s", "I", "O"],
};
/** Only figures, marks and names in braces: nothing to translate. */
const WORDLESS = /^(?:\{\w+\}|[^\p{L}])*$/u;

function same(words: Words): string[] {
  return Object.entries(words.en).flatMap(([key, english]) => {
    const german = words.de[key];
    const pairs = typeof english === "string" ? [[english, german]] : Object.entries(english).map(([form, text]) => [text, (german as Record<string, string>)[form]]);
    return pairs.filter(([one, two]) => one === two).map(([one]) => one as string);
  });
}

describe("German", () => {
  it("is not the English again", async () => {
    const sources = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.*"], { query: "?raw", import: "default", eager: true });
    const modules = import.meta.glob(["../**/*.{ts,tsx}", "!../**/*.test.*", "!../main.tsx", "!../i18n/index.ts"]);
    const having = Object.keys(modules).filter((path) => /\bwords\(\{|\bwords\([A-Z]/.test(sources[path] ?? ""));
    for (const path of having) await modules[path]!();
    expect(all.length).toBeGreaterThan(40);
    const allowed = new Set(Object.values(SAME).flat());
    const found = [...new Set(all.flatMap(same))].filter((value) => !WORDLESS.test(value));
    expect(found.filter((value) => !allowed.has(value))).toEqual([]);
    expect([...allowed].filter((value) => !found.includes(value)), "allowed, and said no more").toEqual([]);
  }, 60_000);

  it("of the API's own words is read by code once German is chosen", async () => {
    expect(problemWords("not-found")).toBeNull();
    await loadGerman();
    expect(problemWords("not-found")).toBeNull();
    setLanguage("de");
    expect(problemWords("not-found")?.title).toBe("Das gibt es nicht");
    expect(templateWords("minimal")?.name).toBe("Schlicht");
    expect(problemWords("a-code-of-tomorrow")).toBeNull();
    setLanguage("en");
  });

  it("of the API's own words is complete", () => {
    for (const { title, remedy } of Object.values(PROBLEMS)) expect(title.length * remedy.length).toBeGreaterThan(0);
    for (const words of [EVIDENCE, SHORTFALLS, UNITS]) expect(Object.values(words).every((word) => word.length > 0)).toBe(true);
    for (const { name, description } of Object.values(TEMPLATES)) expect(name.length * description.length).toBeGreaterThan(0);
  });
});
