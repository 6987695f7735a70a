/** What the captions say instead of the selected words. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { common } from "~/i18n/common";
import type { Editor } from "../model/editor";
import { textOf } from "../model/words";
import { tt } from "../text-messages";

export function CaptionDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
  const [selection] = useState(() => editor.selection.peek());
  const run = selection ?? { first: 0, end: 0 };
  const [first, last] = [editor.words[run.first], editor.words[run.end - 1]];
  const spoken = textOf(editor.words, run);
  const own = editor.edit.peek().captions.find((one) => first && last && one.range.start_ms < last.end_ms && one.range.end_ms > first.start_ms);
  const [text, setText] = useState(own?.text ?? spoken);
  if (!first || !last) return null;
  // An own text that is changed keeps its range, so that it does not lose what it covers beside the selection.
  const range = own ? own.range : { start_ms: first.start_ms, end_ms: last.end_ms };
  const save = (value: string | null) => {
    editor.do([{ op: "text", ...range, text: value }]);
    onClose();
  };
  return (
    <Dialog title={tt("captionTitle")} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); save(text); }}>
        <TextField label={tt("captionText")} hint={tt("captionHint")} value={text} onInput={setText} maxLength={500} autoFocus />
        <p class="hint">{tt("captionSpoken", { text: spoken })}</p>
        <div class="dialog-actions">
          {own && <Button onClick={() => save(null)}>{tt("captionReset")}</Button>}
          <span class="spread" />
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit">{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
