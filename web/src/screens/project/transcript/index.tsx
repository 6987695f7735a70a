/** The transcript: follows the sound, jumps, is searched and corrected in place. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button } from "~/components/button";
import type { MenuItem } from "~/components/menu";
import type { PlayerClock, TimeRange } from "~/components/player";
import { may } from "~/session/session";
import type { Speaker } from "../data";
import { ConflictDialog } from "./conflict";
import { textOf } from "./corrections";
import type { Draft } from "./editor";
import { t } from "./messages";
import { paragraphsOf, segmentOf, wordAt, type Paragraph, type Transcript } from "./paragraphs";
import { Row } from "./row";
import { Finder, type Hit } from "./search/search";
import { SearchBar } from "./search/search-bar";
import { NameDialog } from "./speakers/name-dialog";
import { ChosenBar, saidByItems } from "./speakers/said-by";
import { useChosen, wordOf } from "./speakers/use-chosen";
import type { Corrections } from "./store";
import { Tip } from "./tip";
import { useFollow } from "./use-follow";
import { useRows } from "./use-rows";

interface Props {
  transcript: Transcript;
  speakers: Speaker[];
  nameOf: (id: string | null | undefined) => string;
  clock: PlayerClock;
  corrections: Corrections;
  onMark: (range: TimeRange) => void;
}

const LETTERS_A_LINE = 62;
const LINE_PX = 28;
const HEAD_PX = 48;
const NONE: Hit[] = [];

export function TranscriptPanel({ transcript, speakers, nameOf, clock, corrections, onMark }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [wanted, setWanted] = useState("");
  const [hitAt, setHitAt] = useState(0);
  const [naming, setNaming] = useState<Speaker | null>(null);
  const paragraphs = useMemo(() => paragraphsOf(transcript), [transcript]);
  const guesses = useMemo(() => paragraphs.map((one) => HEAD_PX + Math.ceil(one.length / LETTERS_A_LINE) * LINE_PX), [paragraphs]);
  const rows = useRows(scroller, guesses);
  const ids = useMemo(() => speakers.map((one) => one.id), [speakers]);
  const finder = useMemo(() => new Finder(transcript.words), [transcript.words]);
  const hits = useMemo(() => (wanted.trim().length > 0 ? finder.find(wanted) : NONE), [finder, wanted]);
  const hit = hits[Math.min(hitAt, hits.length - 1)] ?? null;
  const mayWrite = may("projects:write");
  const { following, toWord } = useFollow(scroller, clock, transcript.words, paragraphs, rows.toRow);

  // The sentence that is being corrected is found by its time: another person may have moved the words before it.
  const editing = useMemo(() => (draft ? segmentOf(transcript.segments, Math.max(0, wordAt(transcript.words, draft.startMs))) : null), [draft, transcript]);

  const chosen = useChosen(scroller, ({ first_word, end_word }) => {
    if (end_word - first_word > 1) onMark({ startMs: transcript.words[first_word]!.start_ms, endMs: transcript.words[end_word - 1]!.end_ms });
  });
  const bar = useRef<HTMLDivElement>(null);
  // Another version numbers its words differently.
  useEffect(() => chosen.clear(), [transcript.version]);

  useEffect(() => void corrections.sees(transcript.version ?? 1), [transcript.version, corrections]);

  const goTo = (at: number) => {
    const next = hits[(at + hits.length) % hits.length];
    if (!next) return;
    setHitAt((at + hits.length) % hits.length);
    following.value = false;
    toWord(next.firstWord);
    clock.seek(transcript.words[next.firstWord]!.start_ms);
  };

  const edit = (segment: number) => {
    const one = transcript.segments[segment];
    if (!mayWrite || !one) return;
    const text = textOf(transcript.words.slice(one.first_word, one.end_word), transcript.language);
    clock.hold();
    setDraft({ startMs: one.start_ms, began: text, text });
  };
  const toCursor = () => requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>("[data-word][tabindex]")?.focus({ preventScroll: true }));
  const leave = useCallback(() => {
    setDraft(null);
    clock.release();
    toCursor();
  }, [clock]);
  const save = useCallback(
    (segment: number, text: string) => {
      const one = transcript.segments[segment];
      leave();
      if (one) void corrections.correct(one, text, draft?.began);
    },
    [transcript, corrections, leave, draft],
  );
  const jump = useCallback(
    (ms: number) => {
      clock.seek(ms);
      following.value = true;
    },
    [clock, following],
  );

  // The word that the next frame gives focus to: a key that comes before it counts from there.
  const aimed = useRef<number | null>(null);
  const moveTo = (word: number) => {
    const next = Math.min(transcript.words.length - 1, Math.max(0, word));
    aimed.current = next;
    setCursor(next);
    clock.seek(transcript.words[next]!.start_ms);
    toWord(next);
    requestAnimationFrame(() => {
      if (aimed.current !== next) return;
      aimed.current = null;
      scroller.current?.querySelector<HTMLElement>(`[data-word="${next}"]`)?.focus({ preventScroll: true });
    });
  };
  const press = (event: KeyboardEvent) => {
    const word = aimed.current ?? wordOf(event.target);
    if (word === null || wordOf(event.target) === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const segment = segmentOf(transcript.segments, word);
    if (event.key === "Escape") return chosen.clear();
    const to = {
      ArrowRight: word + 1,
      ArrowLeft: word - 1,
      ArrowDown: transcript.segments[segment + 1]?.first_word ?? word,
      ArrowUp: transcript.segments[Math.max(0, word > (transcript.segments[segment]?.first_word ?? 0) ? segment : segment - 1)]?.first_word ?? word,
    }[event.key];
    if (to !== undefined) {
      if (event.shiftKey) chosen.extend(word, Math.min(transcript.words.length - 1, Math.max(0, to)));
      else chosen.clear();
      moveTo(to);
    } else if (event.key === "Enter" && chosen.run) bar.current?.querySelector("button")?.click();
    else if (event.key === "Enter") {
      aimed.current = null;
      edit(segment);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const click = (event: MouseEvent) => {
    const word = wordOf(event.target);
    if (word === null || !document.getSelection()?.isCollapsed) return;
    chosen.clear();
    setCursor(word);
    jump(transcript.words[word]!.start_ms);
  };
  const menu = useCallback(
    (paragraph: Paragraph): MenuItem[] => {
      const own = speakers.find((one) => one.id === paragraph.speaker);
      const items = saidByItems({ transcript, speakers, nameOf, corrections }, { first_word: paragraph.firstWord, end_word: paragraph.endWord }, paragraph.speaker);
      if (own) items.push({ label: t("renameSpeaker", { name: nameOf(own.id) }), icon: "pencil", onSelect: () => setNaming(own) });
      items.push({ label: t("correct"), icon: "text", onSelect: () => edit(paragraph.firstSegment) });
      return items;
    },
    [speakers, nameOf, corrections, transcript],
  );

  const list = [];
  const tab = cursor ?? Math.max(0, wordAt(transcript.words, clock.ms.peek()));
  for (let at = rows.first; at < rows.end; at += 1) {
    const paragraph = paragraphs[at]!;
    const holds = tab >= paragraph.firstWord && tab < paragraph.endWord;
    const edits = editing !== null && editing >= paragraph.firstSegment && editing < paragraph.endSegment;
    list.push(
      <div key={paragraph.key} ref={rows.rowRef(at)} class="words-place">
        <Row
          transcript={transcript} paragraph={paragraph} speakers={ids} nameOf={nameOf} cursor={holds ? tab : null} editing={edits ? editing : null} draft={edits ? draft : null}
          hits={hits} hit={hit && hit.endWord > paragraph.firstWord && hit.firstWord < paragraph.endWord ? hit : null}
          chosen={chosen.run && chosen.run.end_word > paragraph.firstWord && chosen.run.first_word < paragraph.endWord ? chosen.run : null}
          menu={mayWrite && speakers.length > 0 ? menu : null} onJump={jump} onSave={save} onLeave={leave}
        />
      </div>,
    );
  }
  return (
    <section class="words" aria-label={t("transcript")}>
      <div class="words-tools">
        <SearchBar value={wanted} count={hits.length} at={hits.length ? Math.min(hitAt, hits.length - 1) : 0} onChange={(text) => { setWanted(text); setHitAt(0); }} onGo={(way) => goTo(hit === null ? 0 : hitAt + way)} onFirst={() => goTo(0)} />
        {corrections.saving.value > 0 && <span class="hint" role="status">{t("saving")}</span>}
        {mayWrite && <Button small kind="quiet" icon="undo" disabled={corrections.undoable.value === 0} onClick={() => corrections.undo()} aria-label={t("undo")} title={t("undo")} />}
      </div>
      <p id="word-help" class="visually-hidden">{t("wordHelp")}</p>
      <div class="words-scroll" ref={scroller} onKeyDown={press} onClick={click} onDblClick={(event) => { const word = wordOf(event.target); if (word !== null) { document.getSelection()?.removeAllRanges(); edit(segmentOf(transcript.segments, word)); } }}>
        <div class="words-all" style={{ blockSize: `${rows.heights.total}px` }}>
          <div class="words-shown" style={{ transform: `translateY(${rows.heights.top(rows.first)}px)` }}>{list}</div>
        </div>
      </div>
      {!following.value && <Button class="words-follow" small icon="down" onClick={() => { following.value = true; }}>{t("follow")}</Button>}
      {mayWrite && chosen.run && editing === null && <ChosenBar bar={bar} run={chosen.run} transcript={transcript} speakers={speakers} nameOf={nameOf} corrections={corrections} onClear={() => { chosen.clear(); toCursor(); }} />}
      <Tip scroller={scroller} transcript={transcript} />
      <ConflictDialog corrections={corrections} />
      {naming && <NameDialog speaker={naming} label={nameOf(naming.id)} corrections={corrections} onClose={() => setNaming(null)} />}
    </section>
  );
}
