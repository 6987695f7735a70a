/** Two people changed the same sentence: shows both, and lets one choose. */
import { Button } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { Dialog } from "~/components/dialog";
import { common } from "~/i18n/common";
import { t } from "./messages";
import type { Corrections } from "./store";

export function ConflictDialog({ corrections }: { corrections: Corrections }) {
  const conflict = corrections.conflict.value;
  if (!conflict) return null;
  if (conflict.meeting.kind === "gone") {
    return (
      <Dialog title={t("goneTitle")} onClose={() => void corrections.settle(false)}>
        <p>{t("goneText")}</p>
        <CopyField label={t("mine")} value={conflict.mine} multiline />
        <div class="dialog-actions"><Button kind="primary" onClick={() => void corrections.settle(false)}>{common("close")}</Button></div>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("conflictTitle")} onClose={() => void corrections.settle(false)} wide>
      <p>{t("conflictText")}</p>
      <dl class="conflict">
        <dt>{t("before")}</dt>
        <dd>{conflict.before}</dd>
        <dt>{t("theirs")}</dt>
        <dd>{conflict.meeting.theirs}</dd>
        <dt>{t("mine")}</dt>
        <dd>{conflict.mine}</dd>
      </dl>
      <div class="dialog-actions">
        <Button onClick={() => void corrections.settle(false)}>{t("takeTheirs")}</Button>
        <Button kind="primary" onClick={() => void corrections.settle(true)}>{t("takeMine")}</Button>
      </div>
    </Dialog>
  );
}
