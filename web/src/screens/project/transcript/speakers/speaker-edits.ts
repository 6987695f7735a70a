/** What takes a change of speakers back. Pure. */
import type { Schemas } from "~/api/client";
import type { Paragraph, Transcript } from "./paragraphs";
import type { SpeakerEdit } from "./store";

type Answer = Schemas["CorrectedSpeakers"];

/** Runs of words that a speaker says, as `split` takes them. */
export function runsOf(words: readonly { speaker?: string | null }[], speaker: string): Schemas["WordRun"][] {
  const runs: Schemas["WordRun"][] = [];
  words.forEach((word, at) => {
    if (word.speaker !== speaker) return;
    const last = runs.at(-1);
    if (last && last.end_word === at) last.end_word = at + 1;
    else runs.push({ first_word: at, end_word: at + 1 });
  });
  return runs;
}

/** A name is given back as it was. */
export const renameBack = (speaker: string, before: string) => (): SpeakerEdit[] => [{ op: "rename", speaker, name: before }];

/** Speakers who were joined part again: the words of the one who went get a new speaker of the old name. */
export function mergeBack(transcript: Transcript, speaker: string, name: string): () => SpeakerEdit[] | null {
  const runs = runsOf(transcript.words, speaker);
  return () => (runs.length === 0 || runs.length > 1_000 ? null : [{ op: "split", words: runs, to: null, name }]);
}

/** Words that went to another speaker go back to those who had them; null where nobody had. */
export function splitBack(transcript: Transcript, paragraph: Paragraph): (answer: Answer) => SpeakerEdit[] | null {
  const had = paragraph.speaker;
  const words = [{ first_word: paragraph.firstWord, end_word: paragraph.endWord }];
  const all = runsOf(transcript.words, had ?? "");
  const wasAll = all.length > 0 && all[0]!.first_word === words[0]!.first_word && all.at(-1)!.end_word === words[0]!.end_word;
  return (answer) => {
    if (had === null) return null;
    return [{ op: "split", words, to: wasAll ? null : had, name: wasAll ? (answer.changes.at(-1)?.names?.[had] ?? "") : "" }];
  };
}
