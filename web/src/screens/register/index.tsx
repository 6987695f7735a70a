/** Make an account without an invitation, where the installation lets anyone. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { BarePage } from "~/components/account/bare-page";
import { Button, LinkButton } from "~/components/button";
import { TextField } from "~/components/fields";
import { PasswordField } from "~/components/account/password-field";
import { Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { language } from "~/i18n";
import { to } from "~/routes";
import { t } from "./messages";

export default function RegisterScreen() {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [organisation, setOrganisation] = useState("");
  const [password, setPassword] = useState("");
  const [mailed, setMailed] = useState(false);
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const body = { name, email, password, organisation, locale: language.value };
    await call(api.POST("/v1/auth/register", { body }));
    setPassword("");
    setMailed(true);
  });
  const foot = <p>{t("known")} <a href={to("sign-in")}>{t("signIn")}</a></p>;
  if (mailed) {
    return (
      <BarePage title={t("mailed")} foot={foot}>
        <p role="status">{t("mailedText", { email })}</p>
        <div class="form-actions">
          <LinkButton kind="primary" href={to("verify-email")}>{t("typeCode")}</LinkButton>
          <Button onClick={() => setMailed(false)}>{t("other")}</Button>
        </div>
      </BarePage>
    );
  }
  return (
    <BarePage title={t("title")} lead={t("lead")} foot={foot}>
      <form onSubmit={submit}>
        <TextField label={t("name")} value={name} onInput={setName} autoComplete="name" maxLength={100} error={wrong("/name")} required />
        <TextField label={t("organisation")} hint={t("organisationHint")} value={organisation} onInput={setOrganisation} autoComplete="organization" maxLength={100} error={wrong("/organisation")} />
        <TextField label={t("email")} type="email" value={email} onInput={setEmail} autoComplete="username" error={wrong("/email")} required />
        <PasswordField label={t("password")} value={password} onInput={setPassword} isNew error={wrong("/password")} />
        {problem && (problem.code === "forbidden" ? <Closed /> : <ProblemNotice problem={problem} />)}
        <div class="form-actions">
          <Button kind="primary" type="submit" busy={busy}>{t("make")}</Button>
        </div>
      </form>
    </BarePage>
  );
}

function Closed() {
  return (
    <Notice kind="warn">
      <p><strong>{t("closed")}</strong></p>
      <p>{t("closedText")} <a href={to("invitation")}>{t("haveInvitation")}</a></p>
    </Notice>
  );
}
