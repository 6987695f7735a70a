/** A sentence being corrected, in its place. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "~/components/button";
import { common } from "~/i18n/common";
import { t } from "./messages";

/** A sentence that is being corrected: what it said at the beginning, and what the person has written since. */
export interface Draft {
  startMs: number;
  began: string;
  text: string;
}

export function Editor({ draft, onSave, onLeave }: {
  /** Kept by the list, so that the text outlives a newer version of the transcript. */
  draft: Draft;
  onSave: (text: string) => void;
  onLeave: () => void;
}) {
  const [text, show] = useState(draft.text);
  const setText = (next: string) => {
    draft.text = next;
    show(next);
  };
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
