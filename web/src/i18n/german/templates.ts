/** Caption templates by their ids. Read in German only. */
export interface TemplateWords {
  name: string;
  description: string;
}

const told = (name: string, description: string): TemplateWords => ({ name, description });

export const TEMPLATES: Record<string, TemplateWords> = {
  bold_outline: told("Fett mit Kontur", "Kräftige weiße Buchstaben mit dunkler Kontur; das gesprochene Wort ist gelb und etwas größer. Die Voreinstellung."),
  big_centre: told("Groß in der Mitte", "Ein oder zwei Wörter auf einmal, in sehr großen Großbuchstaben mitten im Bild."),
  boxed_word: told("Wort im Kasten", "Weiße Buchstaben; hinter dem gesprochenen Wort steht ein violetter Kasten."),
  cards: told("Karten", "Ein Satz auf einmal auf einer dunklen Karte mitten im Bild, in großen Buchstaben, die beim Lesen aufleuchten."),
  karaoke_fill: told("Karaoke", "Jedes Wort füllt sich beim Sprechen von links nach rechts mit Farbe und bleibt gefüllt."),
  lower_third: told("Bauchbinde", "Links fährt eine dunkle Fläche mit farbiger Kante herein; das gesprochene Wort ist orange."),
  minimal: told("Schlicht", "Kleine, leichte Buchstaben mit weichem Schatten und sonst nichts; ein Untertitel blendet ein."),
  speaker_coloured: told("Farbe je Stimme", "Die Wörter jeder Person haben ihre eigene Farbe; das gesprochene Wort ist weiß."),
  subtitle_bar: told("Balken", "Einfache Buchstaben auf einem halb durchsichtigen Balken quer über das Bild, wie im Fernsehen."),
  typewriter: told("Schreibmaschine", "Getippte Buchstaben, die auf einem dunklen Streifen einer nach dem anderen erscheinen."),
  word_pop: told("Wort für Wort", "Die Wörter springen beim Sprechen eines nach dem anderen herein; Beträge und lange Wörter sind grün, Dinge haben ihr Emoji."),
};
