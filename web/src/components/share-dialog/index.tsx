/** Makes a share link of clips or finished exports. Its address is shown once, because only a hash of it is kept. */
import { useState } from "preact/hooks";
import { Button, LinkButton } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { Dialog } from "~/components/dialog";
import { Checkbox, Select, TextField } from "~/components/fields";
import { Notice, ProblemNotice } from "~/components/states";
import { dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { t } from "./messages";
import { makeShare, type Share } from "./shares";

const DAY_S = 86_400;
const LENGTHS = ["1", "7", "30", "90", "365"] as const;

export function ShareDialog({ clipIds, exportIds, title, onClose }: { clipIds?: string[]; exportIds?: string[]; title: string; onClose: () => void }) {
  const [name, setName] = useState(title);
  const [days, setDays] = useState<(typeof LENGTHS)[number]>("7");
  const [download, setDownload] = useState(true);
  const [organisation, setOrganisation] = useState(false);
  const [made, setMade] = useState<Share | null>(null);
  const [problem, setProblem] = useState<unknown>(null);

  const make = async () => {
    setProblem(null);
    try {
      setMade(await makeShare({
        ...(exportIds ? { export_ids: exportIds } : { clip_ids: clipIds ?? [] }),
        title: name.trim(), expires_in_s: Number(days) * DAY_S, allow_download: download, show_organisation: organisation,
      }));
    } catch (error) {
      setProblem(error);
    }
  };
  if (made) return <MadeDialog share={made} onClose={onClose} />;
  return (
    <Dialog title={t("title")} onClose={onClose}>
      <p>{t("lead")}</p>
      <TextField label={t("name")} hint={t("nameHint")} value={name} onInput={setName} maxLength={200} />
      <Select label={t("expiry")} value={days} choices={LENGTHS.map((value) => ({ value, label: t("days", { count: Number(value) }) }))} onChange={setDays} />
      <Checkbox label={t("download")} checked={download} onChange={setDownload} />
      <Checkbox label={t("organisation")} checked={organisation} onChange={setOrganisation} />
      {problem !== null && <ProblemNotice problem={problem} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="primary" icon="link" onClick={make}>{t("make")}</Button>
      </div>
    </Dialog>
  );
}

/** The address and the embed code: shown this once. */
export function MadeDialog({ share, onClose }: { share: Share; onClose: () => void }) {
  return (
    <Dialog title={t("made")} onClose={onClose}>
      <Notice kind="done"><p>{t("once")}</p></Notice>
      <h3>{t("link")}</h3>
      <CopyField label={t("link")} value={share.url ?? ""} />
      <h3>{t("embed")}</h3>
      <CopyField label={t("embed")} value={share.embed_html ?? ""} multiline />
      <p class="hint">{t("until", { date: dateTime(share.expires_at) })}</p>
      <div class="dialog-actions">
        <LinkButton href={to("shares")}>{t("all")}</LinkButton>
        <LinkButton href={share.url ?? ""} target="_blank" icon="eye">{t("look")}</LinkButton>
        <Button kind="primary" onClick={onClose}>{common("close")}</Button>
      </div>
    </Dialog>
  );
}
