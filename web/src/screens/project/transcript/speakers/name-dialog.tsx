/** Gives a speaker a name. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { common } from "~/i18n/common";
import type { Speaker } from "../../data";
import { t } from "../messages";
import { renameBack } from "./speaker-edits";
import type { Corrections } from "../store";

export function NameDialog({ speaker, label, corrections, onClose }: { speaker: Speaker; label: string; corrections: Corrections; onClose: () => void }) {
  const [name, setName] = useState(speaker.name ?? "");
  const save = (event: Event) => {
    event.preventDefault();
    onClose();
    if (name.trim() !== (speaker.name ?? "")) void corrections.speakers([{ op: "rename", speaker: speaker.id, name: name.trim() }], renameBack(speaker.id, speaker.name ?? ""), t("named"));
  };
  return (
    <Dialog title={t("name", { speaker: label })} onClose={onClose}>
      <form onSubmit={save}>
        <TextField label={common("name")} value={name} onInput={setName} maxLength={100} autoFocus />
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit">{t("saveName")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
