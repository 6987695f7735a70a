/** Sends again what failed in a time, or delivers what an endpoint missed. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Select } from "~/components/fields";
import { Notice, ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import { hoursAgo } from "./endpoint";
import { t } from "./messages";

const HOURS = ["1", "24", "72", "168", "720"] as const;
/** The API takes 500 at once; so many times it is asked at most. */
const MOST_ASKS = 40;

export function spanLabel(hours: number): string {
  return hours < 24 ? t("hours", { count: hours }) : t("days", { count: hours / 24 });
}

async function redeliver(kind: "replay" | "recover", endpointId: string, since: string): Promise<number> {
  const request = { params: { path: { endpoint_id: endpointId } }, body: { since } };
  let count = 0;
  for (let ask = 0; ask < MOST_ASKS; ask += 1) {
    const answer = await call(kind === "replay" ? api.POST("/v1/webhooks/endpoints/{endpoint_id}/replay", request) : api.POST("/v1/webhooks/endpoints/{endpoint_id}/recover", request));
    count += answer.count;
    if (!answer.has_more) break;
  }
  return count;
}

export function RedeliveryDialog({ kind, endpointId, onDone, onClose }: {
  kind: "replay" | "recover";
  endpointId: string;
  onDone: () => void;
  onClose: () => void;
}) {
  const [hours, setHours] = useState<(typeof HOURS)[number]>("72");
  const [problem, setProblem] = useState<unknown>(null);
  const [nothing, setNothing] = useState(false);
  const send = async () => {
    setProblem(null);
    setNothing(false);
    try {
      const count = await redeliver(kind, endpointId, hoursAgo(Number(hours)));
      if (count === 0) {
        setNothing(true);
        return;
      }
      tell(t("redelivered", { count }));
      onDone();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Dialog title={kind === "replay" ? t("replayFailed") : t("recover")} onClose={onClose}>
      <p>{kind === "replay" ? t("replayText") : t("recoverText")}</p>
      <Select label={t("time")} value={hours} onChange={setHours} choices={HOURS.map((value) => ({ value, label: spanLabel(Number(value)) }))} />
      {nothing && <Notice><p>{t("nothingToSend")}</p></Notice>}
      {problem !== null && <ProblemNotice problem={problem} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="primary" onClick={send}>{t("send")}</Button>
      </div>
    </Dialog>
  );
}
