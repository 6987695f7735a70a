/** Name and language, and the end of the account. */
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { asProblem } from "~/api/problem";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Select, TextField } from "~/components/fields";
import { useFreshSignIn } from "~/components/account/fresh-sign-in";
import { Card } from "~/components/page";
import { Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { LANGUAGES, ago, date, language, setLanguage, type Language } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { readSession, session, sessionState } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";

export function Profile() {
  const profile = session.value?.profile;
  const [name, setName] = useState(profile?.name ?? "");
  const [wanted, setWanted] = useState<Language>(language.value);
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    await call(api.PATCH("/v1/account", { body: { name, locale: wanted } }));
    setLanguage(wanted);
    await readSession();
    tell(common("saved"));
  });
  if (!profile) return null;
  const choices = (Object.keys(LANGUAGES) as Language[]).map((value) => ({ value, label: LANGUAGES[value] }));
  const changed = name !== profile.name || wanted !== profile.locale.slice(0, 2);
  return (
    <>
      <Card title={t("profile")}>
        <form class="narrow" onSubmit={submit}>
          <TextField label={t("name")} hint={t("nameHint")} value={name} onInput={setName} autoComplete="name" maxLength={100} error={wrong("/name")} />
          <TextField
            label={t("email")}
            hint={`${t("emailHint")} ${profile.email_verified_at ? t("confirmed", { when: ago(profile.email_verified_at) }) : t("notConfirmed")}`}
            value={profile.email}
            onInput={() => {}}
            disabled
          />
          <Select label={t("language")} hint={t("languageHint")} value={wanted} choices={choices} onChange={setWanted} />
          {problem && <ProblemNotice problem={problem} />}
          <div class="form-actions">
            <Button kind="primary" type="submit" busy={busy} disabled={!changed}>{common("save")}</Button>
            <span class="hint">{t("since", { when: date(profile.created_at) })}</span>
          </div>
        </form>
      </Card>
      <EraseAccount email={profile.email} />
    </>
  );
}

function EraseAccount({ email }: { email: string }) {
  const { route } = useLocation();
  const [open, setOpen] = useState(false);
  const [lastOwner, setLastOwner] = useState(false);
  const { run, dialog } = useFreshSignIn();
  const erase = async () => {
    setLastOwner(false);
    try {
      const done = await run(() => call(api.DELETE("/v1/account")));
      if (!done) return;
    } catch (error) {
      if (asProblem(error).code !== "last-owner") throw error;
      setLastOwner(true);
      return;
    }
    sessionState.value = { kind: "signed-out" };
    route(to("sign-in"), true);
    tell(t("erased"));
  };
  return (
    <Card title={t("erase")}>
      <p>{t("eraseText")}</p>
      {lastOwner && <Notice kind="warn"><p>{t("lastOwner")}</p></Notice>}
      <Button kind="danger" onClick={() => setOpen(true)}>{t("erase")}</Button>
      {open && (
        <ConfirmDialog
          title={t("erase")}
          text={<>{t("eraseText")} <br /><br />{t("eraseTyped", { email })}</>}
          verb={t("eraseVerb")}
          typed={email}
          onConfirm={erase}
          onClose={() => setOpen(false)}
        />
      )}
      {dialog}
    </Card>
  );
}
