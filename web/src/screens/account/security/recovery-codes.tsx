/** Recovery codes, shown this once. */
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { tell } from "~/state/toasts";
import { common } from "~/i18n/common";
import { t } from "./messages";

export function RecoveryCodes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const copy = async () => {
    await navigator.clipboard.writeText(codes.join("\n"));
    tell(common("copied"));
  };
  return (
    <Dialog title={t("keep")} onClose={onClose} firm>
      <p>{t("keepText")}</p>
      <ul class="recovery-codes" aria-label={t("recovery")}>
        {codes.map((code) => <li key={code}>{code}</li>)}
      </ul>
      <div class="dialog-actions">
        <Button icon="copy" onClick={copy}>{t("copyAll")}</Button>
        <Button kind="primary" onClick={onClose}>{t("kept")}</Button>
      </div>
    </Dialog>
  );
}
