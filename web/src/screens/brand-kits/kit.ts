/** A brand kit while it is changed: what differs from the saved version, and how the parts combine. */
import type { Schemas } from "~/api/client";

export type Kit = Schemas["BrandKit"];
export type KitVersion = Schemas["BrandKitVersion"];
export type Template = Schemas["CaptionTemplate"];
export type Asset = Schemas["Asset"];
export type AssetKind = Asset["kind"];
export type Placed = Schemas["Placed"];
export type Corner = NonNullable<Placed["corner"]>;
export type Aspect = "9:16" | "1:1" | "16:9";

export const ROLES = ["primary", "text", "background"] as const;
export const FONTS = ["display", "text", "condensed", "typewriter"] as const;
export const CORNERS: readonly Corner[] = ["top_left", "top_right", "bottom_left", "bottom_right"];
export const ASPECTS: Record<Aspect, [number, number]> = { "9:16": [1080, 1920], "1:1": [1080, 1080], "16:9": [1920, 1080] };

const PARTS = ["name", "colours", "logo", "watermark", "fonts", "template", "overrides", "lower_third", "intro", "outro", "end_card", "music"] as const;

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** Parts that differ, for the API: null removes a part, what stays is left out. */
export function changesOf(saved: Kit, kit: Kit): Schemas["ChangeBrandKit"] {
  return Object.fromEntries(PARTS.filter((part) => !same(saved[part], kit[part])).map((part) => [part, kit[part] ?? (part === "colours" || part === "fonts" ? {} : null)]));
}

export function isChanged(saved: Kit, kit: Kit): boolean {
  return PARTS.some((part) => !same(saved[part], kit[part]));
}

/** A colour of a part: its own, else the kit's for that role, else what all kits have. */
export function colourOf(kit: Kit, own: string | null | undefined, role: (typeof ROLES)[number], otherwise: string): string {
  return own ?? kit.colours?.[role] ?? otherwise;
}

type Tree = { [name: string]: unknown };

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A template with overrides laid over it: an omitted part stays, null removes one, lists are replaced. */
export function overridden<T>(template: T, overrides: unknown): T {
  if (!isTree(template) || !isTree(overrides)) return (overrides === undefined ? template : overrides) as T;
  const merged: Tree = { ...template };
  for (const [name, value] of Object.entries(overrides)) merged[name] = isTree(merged[name]) ? overridden(merged[name], value) : value;
  return merged as T;
}

/** Words on lines of at most so many letters, and at most so many words in all. */
export function linesOf(text: string, maxLetters: number, maxWords: number, maxLines: number): string[][] {
  const lines: string[][] = [[]];
  for (const word of text.split(" ").slice(0, maxWords)) {
    const line = lines.at(-1)!;
    if (line.length > 0 && [...line, word].join(" ").length > maxLetters) {
      if (lines.length === maxLines) break;
      lines.push([word]);
    } else {
      line.push(word);
    }
  }
  return lines;
}
