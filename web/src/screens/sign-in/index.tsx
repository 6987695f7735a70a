/** The page of the sign-in. A link with a one-time code signs in by itself. */
import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { asProblem, type ApiProblem } from "~/api/problem";
import { BarePage } from "~/components/account/bare-page";
import { Loading, Notice, ProblemNotice } from "~/components/states";
import { to } from "~/routes";
import { useArrivedCode } from "~/session/fragment";
import { readSession, session } from "~/session/session";
import { destination, keepBack } from "./destination";
import { SignInForm } from "./form";
import { t } from "./messages";
import { refusalText, returned } from "./returned";
import type { Challenge } from "./second-factor";

export default function SignIn() {
  const { query, route } = useLocation();
  const back = query["back"];
  const code = useArrivedCode();
  const [posting, setPosting] = useState(code !== "");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const posted = useRef("");
  useEffect(() => keepBack(back), [back]);

  const enter = async () => {
    const next = destination(back);
    returned.value = null;
    if (!next.startsWith("/app")) return location.assign(next);
    await readSession();
    keepBack(undefined);
    route(next, true);
  };
  useEffect(() => {
    if (!code || posted.current === code) return;
    posted.current = code; // it counts once
    setPosting(true);
    call(api.POST("/v1/auth/one-time-code", { body: { code, cookies: true } }))
      .then((answer) => {
        if (answer.state !== "second_factor") return enter();
        setChallenge({ challenge: answer.challenge ?? "", factors: answer.factors });
        return undefined;
      })
      .catch((error: unknown) => setProblem(asProblem(error)))
      .finally(() => setPosting(false));
  }, [code]);

  const already = session.value !== null;
  useEffect(() => {
    if (already && !code) void enter(); // a link to this page, opened by somebody who is signed in
  }, []);

  const other = returned.value;
  return (
    <BarePage title={t("title")} foot={<Foot />}>
      {posting ? (
        <Loading label={t("checking")} />
      ) : (
        <>
          {problem && (problem.code === "code-invalid" ? <OldLink /> : <ProblemNotice problem={problem} />)}
          {other?.kind === "refused" && (
            <Notice kind="failed">
              <p><strong>{t("returned", { name: other.provider || t("someProvider") })}</strong></p>
              <p>{refusalText(other.code)}</p>
            </Notice>
          )}
          <SignInForm onSignedIn={enter} challenge={challenge ?? (other?.kind === "second-factor" ? other.challenge : null)} />
        </>
      )}
    </BarePage>
  );
}

function OldLink() {
  return (
    <Notice kind="warn">
      <p><strong>{t("codeFailed")}</strong></p>
      <p>{t("codeFailedText")}</p>
    </Notice>
  );
}

function Foot() {
  return (
    <p>
      {t("newHere")} <a href={to("invitation")}>{t("haveInvitation")}</a> · <a href={to("register")}>{t("register")}</a>
    </p>
  );
}
