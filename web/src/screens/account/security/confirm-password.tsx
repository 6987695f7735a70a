/** Asks for the password before something of the sign-in changes. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button, type ButtonKind } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { PasswordField } from "~/components/account/password-field";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import { t } from "./messages";

export function ConfirmPassword({ title, text, verb, kind = "primary", children, onConfirm, onClose }: {
  title: string;
  text: string;
  verb: string;
  kind?: ButtonKind;
  children?: ComponentChildren;
  onConfirm: (password: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const [password, setPassword] = useState("");
  const { busy, problem, submit } = useSubmit(async () => {
    await onConfirm(password);
    setPassword("");
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{text}</p>
        {children}
        <PasswordField label={t("confirmPassword")} value={password} onInput={setPassword} autoFocus />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind={kind} type="submit" busy={busy}>{verb}</Button>
        </div>
      </form>
    </Dialog>
  );
}
