import { words } from "~/i18n";

export const t = words({
  en: {
    zoomIn: "Closer",
    zoomOut: "Farther",
    zoomAll: "Everything",
    place: "Place",
    placeOf: "{at} of {length}",
    start: "Start of the range",
    end: "End of the range",
    range: "{from} to {to}, {length}",
    rangeIn: "{lane}: {label}, {from} to {to}",
    scroll: "{label}: scroll through the time",
    sound: "Sound",
    noSound: "No sound",
  },
  de: {
    zoomIn: "Näher",
    zoomOut: "Weiter weg",
    zoomAll: "Alles",
    place: "Stelle",
    placeOf: "{at} von {length}",
    start: "Anfang des Bereichs",
    end: "Ende des Bereichs",
    range: "{from} bis {to}, {length}",
    rangeIn: "{lane}: {label}, {from} bis {to}",
    scroll: "{label}: durch die Zeit blättern",
    sound: "Ton",
    noSound: "Kein Ton",
  },
});
