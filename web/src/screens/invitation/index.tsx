/** The link of an invitation: a new person makes an account, one who has an account joins with it. */
import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { api, call, refreshSession } from "~/api/client";
import { forgetQueries } from "~/api/query";
import type { ApiProblem } from "~/api/problem";
import { BarePage } from "~/components/account/bare-page";
import { Button } from "~/components/button";
import { TextField } from "~/components/fields";
import { Loading, Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { to } from "~/routes";
import { SignInForm } from "~/screens/sign-in/form";
import { useArrivedCode } from "~/session/fragment";
import { readSession, session, sessionState, signOut } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";
import { NewPerson } from "./new-person";
import "./invitation.css";

export default function InvitationScreen() {
  const arrived = useArrivedCode();
  const { route } = useLocation();
  const [typed, setTyped] = useState("");
  const [hasAccount, setHasAccount] = useState(false);
  const code = typed.trim() || arrived;
  const person = session.value?.profile;
  useEffect(() => setTyped(""), [arrived]);

  const enter = () => {
    setTyped("");
    const name = session.value?.account?.org_name;
    if (name) tell(t("welcome", { name }));
    route(to(), true);
  };
  const accept = useSubmit(async () => {
    const joined = await call(api.POST("/v1/invitations/accept", { body: { code } }));
    await refreshSession(joined.org_id);
    await readSession();
    forgetQueries();
    enter();
  });

  if (sessionState.value.kind === "unknown") return <BarePage title={t("title")}><Loading /></BarePage>;
  const codeField = arrived ? null : <TextField label={t("code")} hint={t("codeHint")} value={typed} onInput={setTyped} autoComplete="off" spellcheck={false} required />;
  if (person) {
    return (
      <BarePage title={t("title")} lead={t("signedInAs", { email: person.email })}>
        <form onSubmit={accept.submit}>
          {codeField}
          {accept.problem && <Refused problem={accept.problem} />}
          <div class="form-actions">
            <Button kind="primary" type="submit" busy={accept.busy}>{t("accept")}</Button>
            <Button onClick={() => signOut()}>{t("signOut")}</Button>
          </div>
        </form>
      </BarePage>
    );
  }
  const foot = <p>{t("known")} <a href={to("sign-in")}>{t("signIn")}</a></p>;
  return (
    <BarePage title={t("title")} lead={hasAccount ? undefined : t("lead")} foot={foot}>
      {hasAccount ? (
        <SignInForm onSignedIn={readSession} />
      ) : (
        <NewPerson code={code} codeField={codeField} onJoined={enter} />
      )}
      <p class="invitation-switch">
        <Button kind="quiet" onClick={() => setHasAccount(!hasAccount)}>{hasAccount ? t("withoutAccount") : t("withAccount")}</Button>
      </p>
    </BarePage>
  );
}

export function Refused({ problem }: { problem: ApiProblem }) {
  if (problem.code !== "code-invalid") return <ProblemNotice problem={problem} />;
  return (
    <Notice kind="failed">
      <p><strong>{t("old")}</strong></p>
      <p>{t("oldText")}</p>
    </Notice>
  );
}
