import { words } from "~/i18n";

export const t = words({
  en: {
    open: "Quick search",
    hint: "Search or go to …",
    field: "Search, or the name of a screen",
    screens: "Screens",
    projects: "Projects",
    clips: "Clips",
    transcripts: "Said in a transcript",
    everything: "Search everything for “{query}”",
    results: { one: "{count} result", other: "{count} results" },
    searching: "Searching …",
    none: "Nothing found",
    failed: "The search did not answer.",
    keys: "↑ ↓ choose · Enter opens · Esc closes",
  },
  de: {
    open: "Schnellsuche",
    hint: "Suchen oder gehen zu …",
    field: "Suche, oder Name einer Seite",
    screens: "Seiten",
    projects: "Projekte",
    clips: "Clips",
    transcripts: "In Transkripten gesagt",
    everything: "Alles nach „{query}“ durchsuchen",
    results: { one: "{count} Ergebnis", other: "{count} Ergebnisse" },
    searching: "Suche läuft …",
    none: "Nichts gefunden",
    failed: "Die Suche hat nicht geantwortet.",
    keys: "↑ ↓ wählen · Eingabe öffnet · Esc schließt",
  },
});
