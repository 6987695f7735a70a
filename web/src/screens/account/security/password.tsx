/** A new password by who knows the old one. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Card } from "~/components/page";
import { PasswordField } from "~/components/account/password-field";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { tell } from "~/state/toasts";
import { t } from "./messages";

export function Password() {
  const [open, setOpen] = useState(false);
  return (
    <Card title={t("password")} actions={<Button onClick={() => setOpen(true)}>{t("changePassword")}</Button>}>
      <p>{t("passwordText")}</p>
      <p class="hint">{t("noPassword")} <a href={to("reset-password")}>{t("setByMail")}</a></p>
      {open && <ChangePassword onClose={() => setOpen(false)} />}
    </Card>
  );
}

function ChangePassword({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    await call(api.POST("/v1/account/password", { body: { current_password: current, password: next } }));
    invalidate("account/sessions");
    onClose();
    tell(t("passwordChanged"));
  });
  return (
    <Dialog title={t("changePassword")} onClose={onClose}>
      <form onSubmit={submit}>
        <PasswordField label={t("current")} value={current} onInput={setCurrent} error={wrong("/current_password")} autoFocus />
        <PasswordField label={t("next")} value={next} onInput={setNext} isNew error={wrong("/password")} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{t("changePassword")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
