/** A paragraph: who speaks, from when, and the words. Its words are made anew only where something in it changes. */
import { useMemo } from "preact/hooks";
import { Icon } from "~/components/icon";
import { Menu, type MenuItem } from "~/components/menu";
import { speakerColour } from "~/components/timeline";
import { clock as clockText } from "~/i18n";
import { space } from "./corrections";
import { Editor, type Draft } from "./editor";
import { t } from "./messages";
import { doubtsOf, type Paragraph, type Transcript } from "./paragraphs";
import type { Hit } from "./search/search";
import type { WordRun } from "./speakers/speaker-edits";

export interface RowProps {
  transcript: Transcript;
  paragraph: Paragraph;
  speakers: string[];
  nameOf: (id: string | null | undefined) => string;
  /** The word that the Tab key reaches, where it is in this paragraph. */
  cursor: number | null;
  /** The segment that is being corrected. */
  editing: number | null;
  draft: Draft | null;
  hits: Hit[];
  hit: Hit | null;
  /** Words that are chosen, where some are in this paragraph. */
  chosen: WordRun | null;
  menu: ((paragraph: Paragraph) => MenuItem[]) | null;
  onJump: (ms: number) => void;
  onSave: (segment: number, text: string) => void;
  onLeave: () => void;
}

export function Row(props: RowProps) {
  const { paragraph, speakers, nameOf, menu, onJump } = props;
  const name = nameOf(paragraph.speaker);
  const colour = speakerColour(Math.max(0, speakers.indexOf(paragraph.speaker ?? "")));
  return (
    <div class="words-row" style={{ "--speaker": colour }}>
      <p class="words-head">
        <button type="button" class="words-time" aria-label={t("jump", { at: clockText(paragraph.startMs) })} onClick={() => onJump(paragraph.startMs)}>{clockText(paragraph.startMs)}</button>
        {menu ? (
          <Menu align="start" label={t("speakerMenu", { name: name || t("unknownSpeaker") })} button={<><span class="words-speaker">{name || t("unknownSpeaker")}</span><Icon name="down" size={14} /></>} items={menu(paragraph)} />
        ) : name && <span class="words-speaker">{name}</span>}
      </p>
      <Words {...props} />
    </div>
  );
}

function Words({ transcript, paragraph, cursor, editing, draft, hits, hit, chosen, onSave, onLeave }: RowProps) {
  const gap = space(transcript.language);
  return useMemo(() => {
    const marked = marksOf(hits, paragraph);
    const parts = [];
    for (let at = paragraph.firstSegment; at < paragraph.endSegment; at += 1) {
      const segment = transcript.segments[at];
      if (!segment) continue;
      if (editing === at && draft) {
        parts.push(<Editor key={`edit-${draft.startMs}`} draft={draft} onSave={(text) => onSave(at, text)} onLeave={onLeave} />);
        continue;
      }
      const words = [];
      for (let index = segment.first_word; index < segment.end_word; index += 1) {
        const word = transcript.words[index];
        if (!word) continue;
        const doubts = doubtsOf(word, segment);
        const isHit = marked.has(index);
        const isHere = hit !== null && index >= hit.firstWord && index < hit.endWord;
        const isChosen = chosen !== null && index >= chosen.first_word && index < chosen.end_word;
        const looks = `word${doubts.length ? " doubtful" : ""}${word.filler ? " filler" : ""}${isHit ? " hit" : ""}${isHere ? " hit-here" : ""}${isChosen ? " chosen" : ""}`;
        words.push(
          <span
            key={index}
            class={looks}
            data-word={index}
            tabIndex={index === cursor ? 0 : undefined}
            role={index === cursor ? "button" : undefined}
            aria-label={index === cursor ? t("wordAt", { word: word.text, at: clockText(word.start_ms) }) : undefined}
            aria-describedby={index === cursor ? "word-help" : undefined}
          >
            {word.text}
          </span>,
          gap,
        );
      }
      parts.push(<span key={segment.start_ms} class="sentence" data-segment={at}>{words}</span>);
    }
    return <div class="words-text" lang={transcript.language ?? undefined} dir="auto">{parts}</div>;
  }, [transcript, paragraph, cursor, editing, draft, hits, hit, chosen, gap]);
}

function marksOf(hits: Hit[], paragraph: Paragraph): Set<number> {
  const marked = new Set<number>();
  for (const one of hits) {
    if (one.endWord <= paragraph.firstWord) continue;
    if (one.firstWord >= paragraph.endWord) break;
    for (let word = one.firstWord; word < one.endWord; word += 1) marked.add(word);
  }
  return marked;
}
