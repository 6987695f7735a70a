/** How far pauses are shortened. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { common } from "~/i18n/common";
import type { Editor } from "../model/editor";
import { tt } from "../text-messages";

/** What the API takes as the rest of a pause. */
const SHORTEST_MS = 120;
const LONGEST_MS = 5_000;

export function PausesDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
  const [longer, setLonger] = useState("700");
  const [leave, setLeave] = useState("250");
  const apply = (event: Event) => {
    event.preventDefault();
    editor.do([{ op: "drop_pauses", longer_than_ms: Number(longer), leave_ms: Number(leave) }]);
    onClose();
  };
  return (
    <Dialog title={tt("dropPauses").replace("…", "").trim()} onClose={onClose}>
      <form onSubmit={apply}>
        <TextField label={tt("pauseLonger")} type="number" min={200} max={10000} step={10} value={longer} onInput={setLonger} required />
        <TextField label={tt("pauseLeave")} type="number" min={SHORTEST_MS} max={Math.min(Number(longer), LONGEST_MS)} step={10} value={leave} onInput={setLeave} required />
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit">{tt("apply")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
