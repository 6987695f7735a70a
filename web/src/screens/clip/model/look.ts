/** How the next export of this clip shall look and sound: chosen in the editor, kept on this machine, sent with each export. */
import type { Schemas } from "~/api/client";
import type { Aspect } from "./crops";

export interface Look {
  aspect: Aspect;
  captions: boolean;
  /** Null: the brand kit's, else the project's. */
  template: string | null;
  language: "spoken" | "en";
  maskProfanity: boolean;
  kitId: string | null;
  sound: Schemas["SoundWish"];
}

export const PLAIN: Look = { aspect: "9:16", captions: true, template: null, language: "spoken", maskProfanity: false, kitId: null, sound: {} };

const keyOf = (clipId: string) => `clipstream.look.${clipId}`;

/** As kept, else as the clip's newest export was made. */
export function firstLook(clipId: string, newest: Schemas["Export"] | null): Look {
  try {
    const kept = localStorage.getItem(keyOf(clipId));
    if (kept) return { ...PLAIN, ...(JSON.parse(kept) as Partial<Look>) };
  } catch {
    localStorage.removeItem(keyOf(clipId));
  }
  if (!newest) return PLAIN;
  return {
    aspect: newest.aspect,
    captions: newest.captions,
    template: newest.template,
    language: newest.options.captions?.language ?? "spoken",
    maskProfanity: newest.mask_profanity,
    kitId: newest.options.brand?.kit_id ?? null,
    sound: newest.options.sound ?? {},
  };
}

export function keepLook(clipId: string, look: Look): void {
  localStorage.setItem(keyOf(clipId), JSON.stringify(look));
}

/** The part of an export request that both an export and a single picture have. */
export function requestOf(look: Look): Schemas["RequestExport"] {
  return {
    aspect: look.aspect,
    captions: look.captions,
    template: look.captions ? look.template : null,
    mask_profanity: look.maskProfanity,
    options: {
      captions: { language: look.language },
      sound: look.sound,
      ...(look.kitId ? { brand: { kit_id: look.kitId } } : {}),
    },
  };
}
