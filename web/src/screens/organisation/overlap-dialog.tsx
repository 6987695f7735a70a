/** Replaces a secret: how long the old one goes on beside the new one. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Select } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import { t } from "./keys/messages";

const HOURS = [0, 1, 24, 72, 168];

function inWords(hours: number): string {
  if (hours === 0) return t("overlapNone");
  return hours < 24 ? t("overlapHours", { count: hours }) : t("overlapDays", { count: hours / 24 });
}

export function OverlapDialog({ title, text, verb, onRotate, onClose }: {
  title: string;
  text: string;
  verb: string;
  onRotate: (hours: number) => Promise<unknown>;
  onClose: () => void;
}) {
  const [hours, setHours] = useState("24");
  const { busy, problem, submit } = useSubmit(() => onRotate(Number(hours)));
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{text}</p>
        <Select label={t("overlap")} value={hours} choices={HOURS.map((one) => ({ value: String(one), label: inWords(one) }))} onChange={setHours} />
        {problem && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{verb}</Button>
        </div>
      </form>
    </Dialog>
  );
}
