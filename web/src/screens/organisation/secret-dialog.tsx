/** A secret that is shown this once; it is gone from the page with the dialog. */
import type { ComponentChildren } from "preact";
import { Button } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { Dialog } from "~/components/dialog";
import { Notice } from "~/components/states";
import { t } from "./messages";

export function SecretDialog({ title, label, secret, children, onClose }: {
  title: string;
  label: string;
  secret: string;
  children?: ComponentChildren;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose} firm>
      <Notice kind="warn"><p>{t("shownOnce")}</p></Notice>
      <CopyField label={label} value={secret} />
      {children}
      <div class="dialog-actions">
        <Button kind="primary" onClick={onClose}>{t("kept")}</Button>
      </div>
    </Dialog>
  );
}
