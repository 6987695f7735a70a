/** Says who spoke: of a paragraph by the menu above it, of chosen words by the bar below the transcript. */
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { IconButton } from "~/components/button";
import { Icon } from "~/components/icon";
import { Menu, type MenuItem } from "~/components/menu";
import type { Speaker } from "../../data";
import { t } from "../messages";
import type { Transcript } from "../paragraphs";
import type { Corrections } from "../store";
import { splitBack, type WordRun } from "./speaker-edits";

interface Words {
  transcript: Transcript;
  speakers: Speaker[];
  nameOf: (id: string | null | undefined) => string;
  corrections: Corrections;
}

/** A choice for each speaker and one for a new one; `speaker`: who says all of the words now. */
export function saidByItems({ transcript, speakers, nameOf, corrections }: Words, run: WordRun, speaker: string | null, onGiven?: () => void): MenuItem[] {
  const give = (to: string | null) => {
    onGiven?.();
    void corrections.speakers([{ op: "split", words: [run], to, name: "" }], splitBack(transcript, run, to), t("splitDone"));
  };
  const known = speakers.map((one): MenuItem => ({ label: t("saidBy", { name: nameOf(one.id) }), checked: one.id === speaker, onSelect: () => one.id !== speaker && give(one.id) }));
  return [...known, { label: t("newSpeaker"), icon: "plus", onSelect: () => give(null) }];
}

export function ChosenBar({ bar, run, onClear, ...words }: Words & {
  bar: RefObject<HTMLDivElement | null>;
  run: WordRun;
  onClear: () => void;
}) {
  // On a phone the end of the panel is below the window.
  useEffect(() => bar.current?.scrollIntoView({ block: "nearest" }), [bar]);
  const said = new Set(words.transcript.words.slice(run.first_word, run.end_word).map((word) => word.speaker ?? null));
  const speaker = said.size === 1 ? [...said][0]! : null;
  return (
    <div class="words-chosen" ref={bar} role="group" aria-label={t("chosenWords")} onKeyDown={(event) => event.key === "Escape" && onClear()}>
      <span role="status">{t("chosen", { count: run.end_word - run.first_word })}</span>
      <Menu label={t("saidByMenu")} button={<><Icon name="people" size={16} />{t("saidByMenu")}<Icon name="down" size={14} /></>} items={saidByItems(words, run, speaker, onClear)} />
      <IconButton small label={t("chooseNone")} icon="close" onClick={onClear} />
    </div>
  );
}
