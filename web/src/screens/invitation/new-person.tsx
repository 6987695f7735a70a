/** Makes an account for the invited address: with a password, or with a provider. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { PasswordField } from "~/components/account/password-field";
import { useSubmit } from "~/components/use-submit";
import { language } from "~/i18n";
import { readSession } from "~/session/session";
import { Providers } from "~/screens/sign-in/providers";
import "~/components/account/sign-in.css";
import { Refused } from "./index";
import { t } from "./messages";

export function NewPerson({ code, codeField, onJoined }: { code: string; codeField: ComponentChildren; onJoined: () => void }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const body = { email, name, password, invitation: code, locale: language.value, cookies: true };
    await call(api.POST("/v1/auth/register", { body }));
    setPassword("");
    await readSession();
    onJoined();
  });
  return (
    <form onSubmit={submit}>
      {codeField}
      <TextField label={t("email")} hint={t("emailHint")} type="email" value={email} onInput={setEmail} autoComplete="username" error={wrong("/email")} required />
      <TextField label={t("name")} value={name} onInput={setName} autoComplete="name" maxLength={100} error={wrong("/name")} required />
      <PasswordField label={t("password")} value={password} onInput={setPassword} isNew error={wrong("/password")} />
      {problem && <Refused problem={problem} />}
      <div class="form-actions">
        <Button kind="primary" type="submit" busy={busy}>{t("join")}</Button>
      </div>
      {code && <div class="other-ways" data-or={t("or")}><Providers invitation={code} /></div>}
    </form>
  );
}
