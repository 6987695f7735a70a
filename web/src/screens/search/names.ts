/** Names of the values of filters, in the person's language. */
import { language } from "~/i18n";
import { t } from "./messages";

const ENTITY_KINDS = ["date", "event", "money", "number", "organisation", "percent", "person", "place", "time", "work", "topic"] as const;

export function kindName(kind: string): string {
  const known = ENTITY_KINDS.find((one) => one === kind);
  return known ? t(`kind_${known}`) : kind;
}

/** `German` for `de`; a code that nobody knows stays. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([language.value], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
