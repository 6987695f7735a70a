/** Sign-in by password or passkey, and the second factor where the account has one. Also in dialogs above a page. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { PasswordField } from "~/components/account/password-field";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { to } from "~/routes";
import { passkeysPossible } from "~/session/passkey";
import { t } from "./messages";
import { signInByPasskey } from "./passkey-sign-in";
import { Providers } from "./providers";
import { SecondFactor, type Challenge } from "./second-factor";
import "~/components/account/sign-in.css";

export interface SignInFormProps {
  /** Called once there is a session; the form is busy until it ends. */
  onSignedIn: () => unknown;
  /** Who signs in, where that is known. */
  email?: string | undefined;
  /** A sign-in that waits for its second factor already. */
  challenge?: Challenge | null;
  /** Above a page: what leads away from it opens in a new tab. */
  above?: boolean;
}

export function SignInForm({ onSignedIn, email: known = "", challenge: given = null, above = false }: SignInFormProps) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const [begun, setBegun] = useState<Challenge | null>(null);
  const [left, setLeft] = useState(false);

  const take = async (answer: Schemas["SignedIn"]) => {
    setPassword("");
    if (answer.state === "second_factor") setBegun({ challenge: answer.challenge ?? "", factors: answer.factors });
    else await onSignedIn();
  };
  const byPassword = useSubmit(async () => take(await call(api.POST("/v1/auth/login", { body: { email, password, cookies: true } }))));
  const byPasskey = useSubmit(async () => take(await signInByPasskey(null)));
  const challenge = begun ?? (left ? null : given);
  if (challenge) {
    return <SecondFactor challenge={challenge} onSignedIn={onSignedIn} onLeave={() => { setBegun(null); setLeft(true); }} />;
  }
  const problem = byPassword.problem ?? byPasskey.problem;
  return (
    <div class="sign-in-form">
      <form onSubmit={(event) => { byPasskey.clear(); return byPassword.submit(event); }}>
        <TextField label={t("email")} type="email" value={email} onInput={setEmail} autoComplete="username" required />
        <PasswordField label={t("password")} value={password} onInput={setPassword} />
        {problem !== null && (problem.code === "email-not-verified" ? <NotVerified /> : <ProblemNotice problem={problem} />)}
        <div class="form-actions">
          <Button kind="primary" type="submit" busy={byPassword.busy}>{t("signIn")}</Button>
          <a href={to("reset-password")} target={above ? "_blank" : undefined}>{t("forgot")}</a>
        </div>
      </form>
      <OtherWays above={above}>
        {passkeysPossible() && (
          <Button icon="key" busy={byPasskey.busy} onClick={() => { byPassword.clear(); return byPasskey.submit(); }}>{t("passkey")}</Button>
        )}
      </OtherWays>
    </div>
  );
}

function OtherWays({ above, children }: { above: boolean; children: ComponentChildren }) {
  return (
    <div class="other-ways" data-or={t("or")}>
      {children}
      <Providers newTab={above} />
    </div>
  );
}

function NotVerified() {
  return <p class="notice warn" role="alert">{t("notVerified")}</p>;
}
