/** The end of the organisation, with the time in which it can be cancelled. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { asProblem } from "~/api/problem";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { useFreshSignIn } from "~/components/account/fresh-sign-in";
import { Card } from "~/components/page";
import { Notice } from "~/components/states";
import { ago, dateTime } from "~/i18n";
import { may, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";

export function Erasure() {
  const account = session.value?.account;
  const { data, reload } = useQuery(`erasure/${account?.org_id}`, (signal) =>
    call(api.GET("/v1/organisation/erasure", { signal })).catch((error: unknown) => {
      if (asProblem(error).status === 404) return null; // none was asked for
      throw error;
    }),
  );
  const [open, setOpen] = useState(false);
  const fresh = useFreshSignIn();
  const name = account?.org_name ?? "";
  const erase = async () => {
    if (!(await fresh.run(() => call(api.POST("/v1/organisation/erasure", { body: { name } }))))) return;
    tell(t("requested"));
    reload();
  };
  const cancel = async () => {
    await call(api.DELETE("/v1/organisation/erasure"));
    tell(t("cancelled"));
    reload();
  };
  const mayErase = may("organisation:erase");
  const waits = data?.state === "requested";
  return (
    <Card title={t("erasure")}>
      {waits ? (
        <Notice kind="warn">
          <p><strong>{t("scheduled", { when: ago(data.grace_until) })}</strong></p>
          <p>{t("scheduledText", { time: dateTime(data.grace_until) })}</p>
          {mayErase && <Button small onClick={cancel}>{t("cancel")}</Button>}
        </Notice>
      ) : data?.state === "running" ? (
        <Notice kind="warn">
          <p><strong>{t("erasing")}</strong></p>
          <p>{t("erasingText", { when: ago(data.started_at ?? data.grace_until) })}</p>
        </Notice>
      ) : (
        <>
          <p>{t("erasureText")}</p>
          {mayErase ? <Button kind="danger" onClick={() => setOpen(true)}>{t("erase")}</Button> : <p class="hint">{t("owners")}</p>}
        </>
      )}
      {open && (
        <ConfirmDialog title={t("erase")} text={<>{t("erasureText")}<br /><br />{t("typed", { name })}</>} verb={t("erase")} typed={name} onConfirm={erase} onClose={() => setOpen(false)} />
      )}
      {fresh.dialog}
    </Card>
  );
}
