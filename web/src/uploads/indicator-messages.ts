import { words } from "~/i18n";

export const t = words({
  en: {
    indicator: { one: "{count} upload, {share}", other: "{count} uploads, {share}" },
    indicatorAsks: { one: "{count} upload waits for you", other: "{count} uploads wait for you" },
  },
  de: {
    indicator: { one: "{count} Upload, {share}", other: "{count} Uploads, {share}" },
    indicatorAsks: { one: "{count} Upload wartet auf Sie", other: "{count} Uploads warten auf Sie" },
  },
});
