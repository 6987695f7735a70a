/** Where you are signed in. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Badge, Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { ago, dateTime } from "~/i18n";
import { tell } from "~/state/toasts";
import { t } from "./messages";
import { programName } from "./program";

type Session = Schemas["PersonSession"];

const METHODS: Record<string, Parameters<typeof t>[0]> = {
  password: "methodPassword",
  pwd: "methodPassword",
  totp: "methodTotp",
  otp: "methodTotp",
  passkey: "methodPasskey",
  recovery_code: "methodRecovery",
  provider: "methodProvider",
  invitation: "methodMail",
  mail: "methodMail",
};

function methodsOf(session: Session): string {
  const names = session.methods.map((one) => (METHODS[one] ? t(METHODS[one]) : one));
  return names.length > 0 ? t("by", { methods: names.join(" + ") }) : "";
}

export function Sessions() {
  const { data, problem, reload } = useQuery("account/sessions", (signal) => call(api.GET("/v1/account/sessions", { signal })));
  const [asking, setAsking] = useState(false);
  if (problem && !data) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <Loading />;
  const sessions = [...data.items].sort((a, b) => Number(b.current) - Number(a.current) || b.last_used_at.localeCompare(a.last_used_at));
  const end = async (session: Session) => {
    await call(api.DELETE("/v1/account/sessions/{session_id}", { params: { path: { session_id: session.session_id } } }));
    tell(t("sessionEnded"));
    reload();
  };
  const endOthers = async () => {
    await call(api.DELETE("/v1/account/sessions"));
    tell(t("othersEnded"));
    reload();
  };
  const nameOf = (session: Session) => programName(session.user_agent) || t("unknownProgram");
  return (
    <>
      <div class="part-head">
        <p class="lead">{t("sessionsLead")}</p>
        {sessions.length > 1 && <Button kind="danger" onClick={() => setAsking(true)}>{t("endOthers")}</Button>}
      </div>
      <Table
        caption={t("sessions")}
        rows={sessions}
        keyOf={(one) => one.session_id}
        columns={[
          {
            title: t("program"),
            cell: (one) => (
              <div>
                <strong title={one.user_agent}>{nameOf(one)}</strong> {one.current && <Badge tone="good">{t("thisSession")}</Badge>}
                <div class="hint">{methodsOf(one)}</div>
              </div>
            ),
          },
          { title: t("address"), cell: (one) => one.address },
          { title: t("signedIn"), cell: (one) => <span title={dateTime(one.created_at)}>{ago(one.created_at)}</span> },
          { title: t("lastUsed"), cell: (one) => <span title={dateTime(one.last_used_at)}>{ago(one.last_used_at)}</span> },
          { title: t("ends"), cell: (one) => <span title={dateTime(one.expires_at)}>{ago(one.expires_at)}</span> },
          {
            title: "",
            cell: (one) => !one.current && <Button small kind="danger" aria-label={t("endSession", { program: nameOf(one) })} onClick={() => end(one)}>{t("end")}</Button>,
          },
        ]}
      />
      {asking && (
        <ConfirmDialog title={t("endOthers")} text={t("endOthersText")} verb={t("endOthers")} onConfirm={endOthers} onClose={() => setAsking(false)} />
      )}
    </>
  );
}
