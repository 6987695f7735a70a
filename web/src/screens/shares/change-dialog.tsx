/** Title, life and download of a share. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Checkbox, Select, TextField } from "~/components/fields";
import { changeShare, type Share } from "~/components/share-dialog/shares";
import { ProblemNotice } from "~/components/states";
import { dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { t } from "./messages";

const DAY_S = 86_400;
const LENGTHS = ["1", "7", "30", "90", "365"] as const;

export function ChangeDialog({ share, onChanged, onClose }: { share: Share; onChanged: (share: Share) => void; onClose: () => void }) {
  const [title, setTitle] = useState(share.title);
  const [days, setDays] = useState<"" | (typeof LENGTHS)[number]>("");
  const [download, setDownload] = useState(share.allow_download);
  const [problem, setProblem] = useState<unknown>(null);
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      onChanged(await changeShare(share.share_id, { title: title.trim(), allow_download: download, ...(days ? { expires_in_s: Number(days) * DAY_S } : {}) }));
      onClose();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Dialog title={t("changeTitle")} onClose={onClose}>
      <form onSubmit={save}>
        <TextField label={t("name")} value={title} onInput={setTitle} maxLength={200} />
        <Select
          label={t("expiry")} value={days} onChange={setDays}
          choices={[{ value: "", label: t("keepExpiry", { date: dateTime(share.expires_at) }) }, ...LENGTHS.map((value) => ({ value, label: t("days", { count: Number(value) }) }))]}
        />
        <Checkbox label={t("download")} checked={download} onChange={setDownload} />
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit">{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
