/** A forgotten password: ask for a link, and set a new one with it. */
import { useEffect, useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { BarePage } from "~/components/account/bare-page";
import { Button, LinkButton } from "~/components/button";
import { TextField } from "~/components/fields";
import { PasswordField } from "~/components/account/password-field";
import { Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { to } from "~/routes";
import { useArrivedCode } from "~/session/fragment";
import { readSession } from "~/session/session";
import { t } from "./messages";

export default function ResetPasswordScreen() {
  const arrived = useArrivedCode();
  const [step, setStep] = useState<"ask" | "set" | "done">(arrived ? "set" : "ask");
  useEffect(() => {
    if (arrived) setStep("set");
  }, [arrived]);
  if (step === "ask") return <Ask onCode={() => setStep("set")} />;
  if (step === "set") return <SetPassword arrived={arrived} onAsk={() => setStep("ask")} onDone={() => setStep("done")} />;
  return (
    <BarePage title={t("done")}>
      <p role="status">{t("doneText")}</p>
      <LinkButton kind="primary" href={to("sign-in")}>{t("signIn")}</LinkButton>
    </BarePage>
  );
}

function SignInLink() {
  return <p><a href={to("sign-in")}>{t("signIn")}</a></p>;
}

function Ask({ onCode }: { onCode: () => void }) {
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    await call(api.POST("/v1/auth/password-reset", { body: { email } }));
    setSent(true);
  });
  if (sent) {
    return (
      <BarePage title={t("sent")} foot={<SignInLink />}>
        <p role="status">{t("sentText", { email })}</p>
        <div class="form-actions">
          <Button kind="primary" onClick={onCode}>{t("typeCode")}</Button>
          <Button onClick={() => setSent(false)}>{t("sendAgain")}</Button>
        </div>
      </BarePage>
    );
  }
  return (
    <BarePage title={t("title")} lead={t("askLead")} foot={<SignInLink />}>
      <form onSubmit={submit}>
        <TextField label={t("email")} type="email" value={email} onInput={setEmail} autoComplete="username" error={wrong("/email")} required />
        {problem && <ProblemNotice problem={problem} />}
        <div class="form-actions">
          <Button kind="primary" type="submit" busy={busy}>{t("send")}</Button>
        </div>
      </form>
    </BarePage>
  );
}

function SetPassword({ arrived, onAsk, onDone }: { arrived: string; onAsk: () => void; onDone: () => void }) {
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    await call(api.POST("/v1/auth/password-reset/confirm", { body: { code: typed.trim() || arrived, password } }));
    setPassword("");
    setTyped("");
    await readSession(); // a session of this browser has ended with it
    onDone();
  });
  return (
    <BarePage title={t("title")} lead={t("setLead")} foot={<SignInLink />}>
      <form onSubmit={submit}>
        {!arrived && <TextField label={t("code")} value={typed} onInput={setTyped} autoComplete="off" spellcheck={false} error={wrong("/code")} required />}
        <PasswordField label={t("password")} value={password} onInput={setPassword} isNew error={wrong("/password")} />
        {problem && (problem.code === "code-invalid" ? (
          <Notice kind="failed">
            <p><strong>{t("old")}</strong> {t("oldText")}</p>
            <Button small onClick={onAsk}>{t("ask")}</Button>
          </Notice>
        ) : <ProblemNotice problem={problem} />)}
        <div class="form-actions">
          <Button kind="primary" type="submit" busy={busy}>{t("set")}</Button>
        </div>
      </form>
    </BarePage>
  );
}
