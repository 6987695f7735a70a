/** Sign-in by password, and the second factor where the account has one. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { t } from "./messages";

export function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [challenge, setChallenge] = useState<Schemas["SignedIn"] | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const send = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const answer = challenge
        ? await call(api.POST("/v1/auth/login/verify", { body: { challenge: challenge.challenge ?? "", code: code.trim(), cookies: true } }))
        : await call(api.POST("/v1/auth/login", { body: { email, password, cookies: true } }));
      if (answer.state === "second_factor") setChallenge(answer);
      else onSignedIn();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={send}>
      {challenge ? (
        <TextField label={t("code")} hint={t("codeHint")} value={code} onInput={setCode} autoComplete="one-time-code" required autoFocus />
      ) : (
        <>
          <TextField label={t("email")} type="email" value={email} onInput={setEmail} autoComplete="username" required />
          <TextField label={t("password")} type="password" value={password} onInput={setPassword} autoComplete="current-password" required />
        </>
      )}
      {problem !== null && <ProblemNotice problem={problem} />}
      <div class="form-actions">
        <Button kind="primary" type="submit" busy={busy}>{challenge ? t("continue") : t("signIn")}</Button>
        {challenge && <Button onClick={() => setChallenge(null)}>{t("startAgain")}</Button>}
      </div>
    </form>
  );
}
