/** What takes a change of speakers back. Pure. */
import type { Schemas } from "~/api/client";
import type { Transcript } from "../paragraphs";
import type { SpeakerEdit } from "../store";

type Answer = Schemas["CorrectedSpeakers"];
export type WordRun = Schemas["WordRun"];

const MOST_RUNS = 1_000;

/** Runs of words by who says them, among the words `[first, end)`; words of nobody are left out. */
export function runsBySpeaker(words: readonly { speaker?: string | null }[], first = 0, end = words.length): Map<string, WordRun[]> {
  const found = new Map<string, WordRun[]>();
  for (let at = first; at < end; at += 1) {
    const speaker = words[at]?.speaker;
    if (!speaker) continue;
    const runs = found.get(speaker) ?? [];
    found.set(speaker, runs);
    const last = runs.at(-1);
    if (last && last.end_word === at) last.end_word = at + 1;
    else runs.push({ first_word: at, end_word: at + 1 });
  }
  return found;
}

function namesBefore(answer: Answer): Record<string, string> {
  return answer.changes.at(-1)?.names ?? {};
}

/** A name is given back as it was. */
export const renameBack = (speaker: string, before: string) => (): SpeakerEdit[] => [{ op: "rename", speaker, name: before }];

/** Speakers who were joined part again: the words of the one who went get a new speaker of the old name. */
export function mergeBack(transcript: Transcript, speaker: string, into: string): (answer: Answer) => SpeakerEdit[] | null {
  const runs = runsBySpeaker(transcript.words).get(speaker) ?? [];
  return (answer) => {
    if (runs.length === 0 || runs.length > MOST_RUNS) return null;
    const { [speaker]: name = "", [into]: kept = "" } = namesBefore(answer);
    // Who had no name took the other's, and no two may have the same.
    const unnamed: SpeakerEdit[] = name && !kept ? [{ op: "rename", speaker: into, name: "" }] : [];
    return [...unnamed, { op: "split", words: runs, to: null, name }];
  };
}

/** Words that went to another speaker go back to those who had them; null where some were nobody's. */
export function splitBack(transcript: Transcript, run: WordRun, to: string | null): (answer: Answer) => SpeakerEdit[] | null {
  const had = runsBySpeaker(transcript.words, run.first_word, run.end_word);
  const isWhole = transcript.words.slice(run.first_word, run.end_word).every((word) => word.speaker);
  return (answer) => {
    const present = new Set(answer.speakers.map((one) => one.id));
    const names = namesBefore(answer);
    const edits = [...had].filter(([speaker]) => speaker !== to).map(([speaker, words]): SpeakerEdit =>
      // Who said nothing else is gone, and comes back as a new speaker of the old name.
      present.has(speaker) ? { op: "split", words, to: speaker, name: "" } : { op: "split", words, to: null, name: names[speaker] ?? "" });
    return isWhole && edits.length > 0 && [...had.values()].flat().length <= MOST_RUNS ? edits : null;
  };
}
