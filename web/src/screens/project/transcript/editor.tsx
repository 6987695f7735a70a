/** A sentence being corrected, in its place. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "~/components/button";
import { common } from "~/i18n/common";
import { textOf } from "./corrections";
import { t } from "./messages";
import type { Segment, Transcript } from "./paragraphs";

export function Editor({ transcript, segment, onSave, onLeave }: {
  transcript: Transcript;
  segment: Segment;
  onSave: (text: string) => void;
  onLeave: () => void;
}) {
  // What it began with stays, also where the transcript changes meanwhile: the server then finds the difference.
  const [text, setText] = useState(() => textOf(transcript.words.slice(segment.first_word, segment.end_word), transcript.language));
  const field = useRef<HTMLTextAreaElement>(null);
  const fit = () => {
    const element = field.current;
    if (!element) return;
    element.style.blockSize = "auto";
    element.style.blockSize = `${element.scrollHeight + 2}px`;
  };
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.setSelectionRange(text.length, text.length);
    fit();
  }, []);
  const press = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") onLeave();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    onSave(text);
  };
  return (
    <div class="words-edit">
      <textarea ref={field} rows={1} aria-label={t("editing")} value={text} maxLength={2000} onInput={(event) => { setText(event.currentTarget.value.replace(/\n/g, " ")); fit(); }} onKeyDown={press} />
      <div class="row">
        <Button small kind="primary" onClick={() => onSave(text)}>{common("save")}</Button>
        <Button small onClick={onLeave}>{common("cancel")}</Button>
        <span class="hint">{t("editHint")}</span>
      </div>
    </div>
  );
}
