import { words } from "~/i18n";

export const t = words({
  en: {
    asTable: "As a table",
    asChart: "As a chart",
    nothing: "Nothing in this time",
    all: "Whole time",
    time: "Time (UTC)",
  },
  de: {
    asTable: "Als Tabelle",
    asChart: "Als Diagramm",
    nothing: "In dieser Zeit gibt es nichts",
    all: "Gesamte Zeit",
    time: "Zeit (UTC)",
  },
});
