/** How the exports of this clip look and sound: a part of its edit, chosen in the editor and sent with each export. */
import type { Schemas } from "~/api/client";
import type { Aspect } from "./crops";

export type ClipLook = Schemas["ClipLook"];
export type Overrides = Schemas["TemplateOverrides"];

export interface Look {
  aspect: Aspect;
  captions: boolean;
  /** Null: the brand kit's, else the project's. */
  template: string | null;
  overrides: Overrides;
  language: "spoken" | "en";
  maskProfanity: boolean;
  kitId: string | null;
  sound: Schemas["SoundWish"];
}

export const PLAIN: Look = {
  aspect: "9:16", captions: true, template: null, overrides: {}, language: "spoken", maskProfanity: false, kitId: null, sound: {},
};

/**
 * As the clip's first export was made: the look of a clip whose edit has none.
 *
 * `template`: the project's. It is left to the project only where no kit could put its own in its place.
 */
export function baseLook(first: Schemas["Export"] | null, template: string): Look {
  if (!first) return PLAIN;
  const { captions, sound, brand } = first.options;
  return {
    aspect: first.aspect,
    captions: first.captions,
    template: first.template === template && !brand ? null : first.template,
    overrides: captions?.overrides ?? {},
    language: captions?.language ?? "spoken",
    maskProfanity: first.mask_profanity,
    kitId: brand?.kit_id ?? null,
    sound: sound ?? {},
  };
}

/** The look of an edit: what it names, and the base for the rest. */
export function lookOf(named: ClipLook | null, base: Look): Look {
  if (!named) return base;
  const { captions, sound, brand } = named.options ?? {};
  return {
    aspect: named.aspect ?? base.aspect,
    captions: named.captions ?? base.captions,
    template: named.template === undefined ? base.template : named.template,
    overrides: captions ? captions.overrides ?? {} : base.overrides,
    language: captions ? captions.language ?? "spoken" : base.language,
    maskProfanity: named.mask_profanity ?? base.maskProfanity,
    kitId: brand === undefined ? base.kitId : brand?.kit_id ?? null,
    sound: sound ?? base.sound,
  };
}

/** A change as the operation has it: the parts that differ alone, so that two people's changes of others go together. */
export function changeOf(look: Look, change: Partial<Look>): ClipLook | null {
  const next = { ...look, ...change };
  const differs = (name: keyof Look) => JSON.stringify(look[name]) !== JSON.stringify(next[name]);
  const options: Schemas["LookOptions"] = {
    ...(differs("overrides") || differs("language") ? { captions: { overrides: next.overrides, language: next.language } } : {}),
    ...(differs("sound") ? { sound: next.sound } : {}),
    ...(differs("kitId") ? { brand: next.kitId ? { kit_id: next.kitId } : null } : {}),
  };
  const named: ClipLook = {
    ...(differs("aspect") ? { aspect: next.aspect } : {}),
    ...(differs("captions") ? { captions: next.captions } : {}),
    ...(differs("template") ? { template: next.template } : {}),
    ...(differs("maskProfanity") ? { mask_profanity: next.maskProfanity } : {}),
    ...(Object.keys(options).length > 0 ? { options } : {}),
  };
  return Object.keys(named).length > 0 ? named : null;
}

/** A look with a change laid over it, as the server does. */
export function merged(look: ClipLook | null, change: ClipLook | null): ClipLook | null {
  if (!change) return null;
  return { ...look, ...change, options: { ...look?.options, ...change.options } };
}

/** The part of an export request that both an export and a single picture have. */
export function requestOf(look: Look) {
  return {
    aspect: look.aspect,
    captions: look.captions,
    template: look.captions ? look.template : null,
    mask_profanity: look.maskProfanity,
    options: {
      captions: { language: look.language, ...(look.captions ? { overrides: look.overrides } : {}) },
      sound: look.sound,
      ...(look.kitId ? { brand: { kit_id: look.kitId } } : {}),
    },
  } satisfies Schemas["RequestExport"];
}
