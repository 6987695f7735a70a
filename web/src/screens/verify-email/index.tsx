/** The link that confirms an address. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { BarePage } from "~/components/account/bare-page";
import { Button, LinkButton } from "~/components/button";
import { TextField } from "~/components/fields";
import { Loading, Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { to } from "~/routes";
import { useArrivedCode } from "~/session/fragment";
import { t } from "./messages";

export default function VerifyEmailScreen() {
  const arrived = useArrivedCode();
  const [typed, setTyped] = useState("");
  const [done, setDone] = useState(false);
  const sent = useRef("");
  const { busy, problem, submit } = useSubmit(async () => {
    const code = typed.trim() || arrived;
    await call(api.POST("/v1/auth/verify-email", { body: { code } }));
    setTyped("");
    setDone(true);
  });
  useEffect(() => {
    if (!arrived || sent.current === arrived) return;
    sent.current = arrived;
    void submit();
  }, [arrived]);
  if (done) {
    return (
      <BarePage title={t("done")}>
        <p role="status">{t("doneText")}</p>
        <LinkButton kind="primary" href={to("sign-in")}>{t("signIn")}</LinkButton>
      </BarePage>
    );
  }
  if (busy && !typed) return <BarePage title={t("title")}><Loading label={t("confirming")} /></BarePage>;
  return (
    <BarePage title={t("title")} lead={t("lead")} foot={<p><a href={to("sign-in")}>{t("signIn")}</a> · <a href={to("register")}>{t("register")}</a></p>}>
      <form onSubmit={submit}>
        <TextField label={t("code")} value={typed} onInput={setTyped} autoComplete="off" spellcheck={false} required />
        {problem && (problem.code === "code-invalid" ? <Notice kind="failed"><p><strong>{t("old")}</strong></p><p>{t("oldText")}</p></Notice> : <ProblemNotice problem={problem} />)}
        <div class="form-actions">
          <Button kind="primary" type="submit" busy={busy}>{t("confirm")}</Button>
        </div>
      </form>
    </BarePage>
  );
}
