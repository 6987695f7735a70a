/** The clip as text: select words and cut them, bring cut ones back, put segments into another order. */
import { computed, effect, useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Button } from "~/components/button";
import { Empty } from "~/components/states";
import { canJoin } from "../model/apply";
import type { Editor } from "../model/editor";
import type { TextBlock } from "../model/words";
import { tt } from "../text-messages";
import { CaptionDialog } from "../dialogs/caption-dialog";
import { SegmentHead } from "./segment-head";
import { PausesDialog } from "../dialogs/pauses-dialog";
import { useWordKeys } from "./word-keys";

const CONTEXT_WORDS = 25;

export function TextPanel({ editor, canEdit }: { editor: Editor; canEdit: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const dialog = useSignal<"caption" | "pauses" | null>(null);
  const blocks = editor.blocks.value;
  const keys = useWordKeys(editor, root, canEdit);
  useSpokenWord(editor, root);

  if (editor.words.length === 0) {
    return <Empty icon="text" title={tt("noWords")}><p>{tt("noWordsText")}</p></Empty>;
  }
  return (
    <div class="text-panel">
      {canEdit && <TextTools editor={editor} onCaption={() => (dialog.value = "caption")} onPauses={() => (dialog.value = "pauses")} />}
      <div ref={root} class="text-blocks" {...keys.handlers}>
        {blocks.map((block) => (
          <section key={block.piece.segment_id} class="text-block" aria-label={tt("words", { number: block.index + 1 })}>
            {blocks.length > 1 && <SegmentHead editor={editor} block={block} canEdit={canEdit} canJoin={canJoin(block.piece, blocks[block.index + 1]?.piece)} />}
            <BlockWords editor={editor} block={block} focused={keys.focused.value} />
          </section>
        ))}
      </div>
      <Button small kind="quiet" icon={editor.context.value > 0 ? "up" : "down"} onClick={() => (editor.context.value = editor.context.value > 0 ? 0 : CONTEXT_WORDS)}>
        {editor.context.value > 0 ? tt("fewer") : tt("more")}
      </Button>
      {dialog.value === "caption" && <CaptionDialog editor={editor} onClose={() => (dialog.value = null)} />}
      {dialog.value === "pauses" && <PausesDialog editor={editor} onClose={() => (dialog.value = null)} />}
    </div>
  );
}

function TextTools({ editor, onCaption, onPauses }: { editor: Editor; onCaption: () => void; onPauses: () => void }) {
  const selection = editor.selection.value;
  const count = selection ? selection.end - selection.first : 0;
  const blocks = editor.blocks.value;
  const played = selection ? range(selection.first, selection.end).filter((word) => blocks.some((one) => one.played.first <= word && word < one.played.end)).length : 0;
  const hasFillers = blocks.some((block) => editor.words.slice(block.played.first, block.played.end).some((word) => word.filler));
  const play = () => {
    const first = document.querySelector<HTMLElement>(".text-blocks .word.selected");
    const from = Number(first?.dataset["at"] ?? 0);
    const last = [...document.querySelectorAll<HTMLElement>(".text-blocks .word.selected:not(.is-cut)")].at(-1);
    editor.player.playRange(from, Number(last?.dataset["until"] ?? from + 1000));
  };
  return (
    <div class="text-tools" role="toolbar" aria-label={tt("cut")}>
      <div class="row">
        <Button small icon="scissors" kind={played > 0 ? "primary" : "plain"} disabled={played === 0} aria-keyshortcuts="Delete" onClick={() => editor.cut()}>{tt("cut")}</Button>
        <Button small icon="undo" disabled={count === played} onClick={() => editor.restore()}>{tt("restore")}</Button>
        <Button small icon="pencil" disabled={played === 0} onClick={onCaption}>{tt("caption")}</Button>
        <Button small icon="play" disabled={played === 0} onClick={play}>{tt("playSelection")}</Button>
      </div>
      <div class="row">
        <p class="text-hint" role="status">{count > 0 ? tt("selected", { count }) : tt("help")}</p>
        <Button small kind="quiet" disabled={!hasFillers} onClick={() => editor.do([{ op: "drop_fillers" }])}>{tt("dropFillers")}</Button>
        <Button small kind="quiet" onClick={onPauses}>{tt("dropPauses")}</Button>
      </div>
    </div>
  );
}

export function range(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
}

function BlockWords({ editor, block, focused }: { editor: Editor; block: TextBlock; focused: string | null }) {
  const { edit } = editor;
  const ids = [
    ...range(block.before.first, block.before.end).map((word) => ({ word, cut: true })),
    ...range(block.played.first, block.played.end).map((word) => ({ word, cut: false })),
    ...range(block.after.first, block.after.end).map((word) => ({ word, cut: true })),
  ];
  const own = edit.value.captions;
  return (
    <div class="words" dir="auto" role="listbox" aria-multiselectable="true" aria-orientation="horizontal" aria-label={tt("words", { number: block.index + 1 })}>
      {ids.map(({ word, cut }, at) => {
        const caption = own.find((one) => middleIn(editor, word, one.range));
        return (
          <Fragment key={`${block.piece.segment_id}-${word}`}>
            <WordSpan
              editor={editor}
              block={block}
              word={word}
              cut={cut}
              caption={caption ? caption.text || tt("hidden") : null}
              tabbable={focused === null ? block.index === 0 && at === 0 : focused === `${block.piece.segment_id}-${word}`}
            />{" "}
          </Fragment>
        );
      })}
    </div>
  );
}

function middleIn(editor: Editor, at: number, time: { start_ms: number; end_ms: number }): boolean {
  const word = editor.words[at]!;
  const middle = (word.start_ms + word.end_ms) / 2;
  return time.start_ms <= middle && middle < time.end_ms;
}

function WordSpan({ editor, block, word: at, cut, caption, tabbable }: { editor: Editor; block: TextBlock; word: number; cut: boolean; caption: string | null; tabbable: boolean }) {
  const word = editor.words[at]!;
  const selected = useMemo(() => computed(() => {
    const selection = editor.selection.value;
    return selection !== null && selection.first <= at && at < selection.end;
  }), [editor, at]);
  const { piece } = block;
  const toOutput = (ms: number) => piece.output_start_ms + (Math.min(Math.max(ms, piece.start_ms), piece.end_ms) - piece.start_ms) / piece.speed;
  const classes = ["word", selected.value && "selected", cut && "is-cut", word.filler && "filler", caption !== null && "own"].filter(Boolean).join(" ");
  return (
    <span
      class={classes}
      role="option"
      aria-selected={selected.value}
      aria-label={`${word.text.trim()}${cut ? `, ${tt("cutWord")}` : ""}${caption === null ? "" : `, ${tt("ownCaption", { text: caption })}`}`}
      title={caption === null ? undefined : tt("ownCaption", { text: caption })}
      tabIndex={tabbable ? 0 : -1}
      data-id={`${piece.segment_id}-${at}`}
      data-word={at}
      data-at={toOutput(word.start_ms)}
      data-until={toOutput(word.end_ms)}
    >
      {word.text.trim()}
    </span>
  );
}

/** Mark the word that is spoken, without drawing the text again for each. */
function useSpokenWord(editor: Editor, root: { current: HTMLDivElement | null }): void {
  useEffect(() => {
    let marked: Element | null = null;
    return effect(() => {
      const at = editor.player.outputMs.value;
      const index = editor.player.index.value;
      const block = editor.blocks.value[index];
      if (!block) return;
      const source = editor.player.place.sourceMs;
      let spoken = -1;
      for (let word = block.played.first; word < block.played.end && editor.words[word]!.start_ms <= source + 1; word += 1) spoken = word;
      const element = spoken < 0 || at < 0 ? null : (root.current?.querySelector(`[data-id="${block.piece.segment_id}-${spoken}"]`) ?? null);
      if (element === marked) return;
      marked?.classList.remove("spoken");
      element?.classList.add("spoken");
      marked = element;
      if (element && editor.player.playing.peek()) follow(element);
    });
  }, [editor]);
}

function follow(element: Element): void {
  const box = element.closest(".panel-body");
  if (!box) return;
  const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top + 40 || inner.bottom > outer.bottom - 60) box.scrollTop += inner.top - outer.top - outer.height / 3;
}
