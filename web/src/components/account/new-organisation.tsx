/** Makes an organisation of one's own, where the installation lets people do so. */
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { words } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { switchOrganisation } from "~/session/session";
import { tell } from "~/state/toasts";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";

const t = words({
  en: {
    title: "New organisation",
    text: "It has projects, members, keys and a plan of its own. You are its owner.",
    name: "Name of the organisation",
    make: "Make the organisation",
    made: "{name} is made, and you are in it",
    refused: "This installation makes no organisations for people",
    refusedText: "Ask who runs it.",
  },
  de: {
    title: "Neue Organisation",
    text: "Sie hat eigene Projekte, Mitglieder, Schlüssel und einen eigenen Tarif. Sie sind ihr Inhaber oder ihre Inhaberin.",
    name: "Name der Organisation",
    make: "Organisation anlegen",
    made: "{name} ist angelegt, und Sie sind darin",
    refused: "Diese Installation legt keine Organisationen für Personen an",
    refusedText: "Fragen Sie, wer sie betreibt.",
  },
});

export function NewOrganisationDialog({ onClose }: { onClose: () => void }) {
  const { route } = useLocation();
  const [name, setName] = useState("");
  const { busy, problem, submit, wrong } = useSubmit(async () => {
    const made = await call(api.POST("/v1/organisations", { body: { name } }));
    await switchOrganisation(made.org_id);
    onClose();
    tell(t("made", { name }));
    route(to());
  });
  return (
    <Dialog title={t("title")} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{t("text")}</p>
        <TextField label={t("name")} value={name} onInput={setName} maxLength={100} error={wrong("/name")} autoFocus required />
        {problem && (problem.code === "forbidden" ? <Notice kind="warn"><p><strong>{t("refused")}</strong></p><p>{t("refusedText")}</p></Notice> : <ProblemNotice problem={problem} />)}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{t("make")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
