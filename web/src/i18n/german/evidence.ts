/** Kinds of evidence, units and shortfalls by the names that the API gives them. Read in German only. */
const EXAMPLES: Record<string, string> = {
  hook: "ein typischer Einstieg", claim: "eine typische Behauptung", story: "eine typische Geschichte", surprise: "eine typische Überraschung",
  advice: "ein typischer Rat", confession: "ein typisches Geständnis", conflict: "ein typischer Streit", number: "eine typische Zahlenangabe",
  joke: "ein typischer Witz", explanation: "eine typische Erklärung", procedure: "eine typische Formalie", report: "ein typischer Bericht",
};
const likeExamples = (prefix: string, words: string) => Object.fromEntries(Object.entries(EXAMPLES).map(([name, text]) => [`${prefix}_${name}`, `${words} ${text}`]));

export const EVIDENCE: Record<string, string> = {
  // what was said
  opening_words: "erste Wörter", question: "Frage", number: "Zahlen", strong: "starke Wörter", contrast: "Gegensatz", address: "Anrede",
  courtesy: "Höflichkeit", start: "Anfang", end: "Schluss", strongest: "stärkstes Gefühl", mean_strength: "mittlere Stärke des Gefühls",
  tense_words: "angespannte Wörter", fragment: "Bruchstück", in_fragments: "in Bruchstücken", stumbles: "Versprecher", content_words: "Wörter mit Inhalt",
  least_sure: "am wenigsten sicher gehört", mean_probability: "mittlere Sicherheit der Wörter", punch_line: "Pointe", call: "Aufruf", mean: "Mittel",
  housekeeping: "Organisatorisches", near_the_others: "Nähe der Sätze zueinander", least_near: "am wenigsten verwandt", asked_for: "gefragt war",
  nearest: "am nächsten daran", around: "Umfeld", most_like_it: "am ähnlichsten", near_the_video: "Nähe zum ganzen Video", turns: "Sprecherwechsel",
  // what was heard and seen
  peak_rise: "höchster Anstieg", mean_level: "mittlerer Pegel", raised_voice: "gehobene Stimme", spread: "Schwankung", video_spread: "Schwankung im ganzen Video",
  rate: "Sprechtempo", video_median: "üblich in diesem Video", nothing_to_hear: "nichts zu hören", pause_before: "Pause davor", pause_after: "Pause danach",
  heard_in_pauses: "in Pausen zu hören", with_face: "mit Gesicht", face_height: "Höhe des Gesichts", cuts: "Schnitte", change: "Veränderung", length: "Länge",
  // what was compared
  preferred: "vorgezogen", not_preferred: "nicht vorgezogen", undecided: "unentschieden", opponent: "verglichen mit", chance: "Aussicht auf eine Reaktion",
  // fitted features
  share_self: "Wörter über sich selbst", share_address: "Wörter an die Zuhörenden", share_ours: "Wörter über uns", share_others: "Wörter über andere",
  share_referring: "Wörter, die anderswohin zeigen (es, dies, das)", share_past: "Verben der Vergangenheit", share_hedges: "einschränkende Wörter",
  share_hesitations: "Zögern", share_advice: "Wörter des Rats", share_speech_verbs: "wiedergegebene Rede", share_causes: "Wörter der Ursache",
  share_superlatives: "Wörter wie am meisten, alle, kein", share_feelings: "Wörter des Gefühls", share_procedure: "Wörter über die Aufnahme oder Sitzung selbst",
  share_denying: "verneinende Wörter", share_contrast: "Wörter des Gegensatzes", share_strong: "Anteil starker Wörter", share_people: "Wörter für Menschen des Alltags",
  share_weakness: "Wörter menschlicher Schwäche", share_values: "Wörter der Werte", share_together: "Wörter der Gemeinsamkeit", share_numbers: "Anteil der Zahlen",
  share_stop: "Wörter ohne Inhalt", share_long: "lange Wörter", word_letters: "Länge der Wörter", commas: "Kommas", variety: "Vielfalt der Wörter",
  sentence_words: "Länge der Sätze", longest_sentence: "Länge des längsten Satzes", shortest_sentence: "Länge des kürzesten Satzes",
  sentence_spread: "Unterschied langer und kurzer Sätze", tiny_sentences: "Antworten aus einem Wort", questions: "Fragen",
  question_answered: "Fragen, denen eine Antwort folgt", courtesies: "Grüße und Dank", same_openings: "Sätze, die gleich beginnen",
  opening_filler: "ein erstes Wort, das nichts sagt", opening_question: "eine Frage am Anfang", opening_length: "Länge des ersten Satzes",
  opening_leans: "ein erstes Wort, das sich auf Vorheriges stützt", opening_points: "erste Wörter, die auf Vorheriges zeigen",
  opening_address: "die Zuhörenden, am Anfang angesprochen", opening_self: "Wörter über sich selbst am Anfang", opening_strong: "starke Wörter am Anfang",
  closing_length: "Länge des letzten Satzes", closing_question: "eine Frage am Schluss", closing_courtesy: "Dank am Schluss", closing_strong: "starke Wörter am Schluss",
  start_quality: "ein Anfang, der für sich steht", end_quality: "ein Schluss, der seinen Gedanken abschließt", feeling_mean: "Gefühl",
  feeling_highest: "Lob auf dem Höhepunkt", feeling_lowest: "Not auf dem Höhepunkt", feeling_range: "Wechsel des Gefühls", speaker_turns: "Wechsel der Sprechenden",
  speakers: "Zahl der Sprechenden", main_speaker_share: "Anteil der Hauptperson", near_before: "Ähnlichkeit mit dem Vorherigen", near_after: "Ähnlichkeit mit dem Folgenden",
  step: "Ähnlichkeit von Satz zu Satz", first_to_last: "Ähnlichkeit des ersten Satzes mit dem letzten", first_to_all: "Ähnlichkeit des ersten Satzes mit dem Ganzen",
  last_to_all: "Ähnlichkeit des letzten Satzes mit dem Ganzen", near_video: "Ähnlichkeit mit der ganzen Aufnahme",
  ...likeExamples("nearest", "ein Satz wie"), ...likeExamples("mean", "Ähnlichkeit:"),
};

export const UNITS: Record<string, string> = {
  "% from picture to picture": "% von Bild zu Bild", "dB between p10 and p90": "dB zwischen p10 und p90", "of 1 (VADER)": "von 1 (VADER)",
  "dB over the video's median": "dB über dem Median des Videos", "of 1, where the speaker's usual is 0.5": "von 1; das Übliche dieser Stimme ist 0,5",
  "mean nearness, of 1": "mittlere Nähe, von 1", "per minute": "je Minute", "% of the pictures": "% der Bilder", words: "Wörter", "words/s": "Wörter/s",
  "% of the picture's height": "% der Bildhöhe", "% of the words": "% der Wörter", "of 1": "von 1", "different words in 10 s": "verschiedene Wörter in 10 s",
  "mean cosine": "mittlerer Kosinus", cosine: "Kosinus", "-1..1 (VADER)": "von -1 bis 1 (VADER)", "% of such passages": "% solcher Stellen",
};

/** Why a moment became no clip, by what it lacks. */
export const SHORTFALLS: Record<string, string> = {
  pictures: "Die Aufnahme hat keine Bilder, aus denen sich ein Clip machen lässt.",
  support: "Was darin auffällt, hat zu wenig Gewicht.",
  asked: "Er kommt dem, wonach gefragt war, nicht nahe genug.",
  score: "Seine Wertung liegt unter der verlangten.",
  near_best: "Seine Wertung liegt zu weit unter der besten.",
  overlap: "Er überschneidet sich mit einem Clip, der vorher gewählt wurde.",
  alike: "Er sagt beinahe dasselbe wie ein Clip, der vorher gewählt wurde.",
  judged: "Ein Modell verglich die Anwärter, und er war keiner davon.",
  room: "Es gibt so viele Clips, wie Länge oder Optionen des Videos zulassen.",
};
