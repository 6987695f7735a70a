/** Why a picked file is not taken, in words. */
import type { Refused } from "./engine";
import { t } from "./messages";

const WORDS = { empty: "empty", unreadable: "unreadable", text: "text", "not-media": "notMedia", same: "same", other: "other" } as const;

export function refusalOf({ name, fault }: Refused): string {
  return t(WORDS[fault], { name });
}
