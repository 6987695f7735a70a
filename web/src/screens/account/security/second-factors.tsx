/** The authenticator app and the recovery codes. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Badge, Loading, ProblemNotice } from "~/components/states";
import { tell } from "~/state/toasts";
import { ConfirmPassword } from "./confirm-password";
import { EnrolApp } from "./enrol-app";
import { t } from "./messages";
import { RecoveryCodes } from "./recovery-codes";

type Step = "enrol" | "disable" | "renew" | null;

export function SecondFactors() {
  const { data, problem, reload } = useQuery("account/second-factors", (signal) => call(api.GET("/v1/account/second-factors", { signal })));
  const [step, setStep] = useState<Step>(null);
  const [enrolment, setEnrolment] = useState<Schemas["TotpEnrolment"] | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const show = (answer: Schemas["RecoveryCodes"]) => {
    setEnrolment(null);
    setStep(null);
    setCodes(answer.recovery_codes.length > 0 ? answer.recovery_codes : null);
    reload();
  };
  const begin = async (password: string) => {
    setEnrolment(await call(api.POST("/v1/account/totp", { body: { password } })));
    setStep(null);
  };
  const disable = async (password: string) => {
    await call(api.POST("/v1/account/totp/disable", { body: { password } }));
    setStep(null);
    tell(t("appOff"));
    reload();
  };
  const renew = async (password: string) => show(await call(api.POST("/v1/account/recovery-codes", { body: { password } })));
  return (
    <Card title={t("factors")}>
      <p class="lead">{t("factorsText")}</p>
      {problem && !data ? <ProblemNotice problem={problem} onRetry={reload} /> : !data ? <Loading /> : (
        <>
          <div class="factor">
            <h3>{t("app")} <Badge tone={data.totp ? "good" : "neutral"}>{data.totp ? t("on") : t("off")}</Badge></h3>
            <p class="hint">{t("appText")}</p>
            <div class="row">
              {data.totp ? <Button kind="danger" onClick={() => setStep("disable")}>{t("turnOff")}</Button> : <Button kind="primary" onClick={() => setStep("enrol")}>{t("setUp")}</Button>}
            </div>
          </div>
          <div class="factor">
            <h3>{t("recovery")}</h3>
            <p class="hint">{data.totp || data.passkeys > 0 ? t("recoveryLeft", { count: data.recovery_codes_left }) : t("recoveryNone")}</p>
            {(data.totp || data.passkeys > 0) && <div class="row"><Button onClick={() => setStep("renew")}>{t("renew")}</Button></div>}
          </div>
        </>
      )}
      {step === "enrol" && <ConfirmPassword title={t("app")} text={t("appText")} verb={t("setUp")} onConfirm={begin} onClose={() => setStep(null)} />}
      {step === "disable" && <ConfirmPassword title={t("app")} text={t("turnOffText")} verb={t("turnOff")} kind="danger" onConfirm={disable} onClose={() => setStep(null)} />}
      {step === "renew" && <ConfirmPassword title={t("recovery")} text={t("renewText")} verb={t("renew")} onConfirm={renew} onClose={() => setStep(null)} />}
      {enrolment && <EnrolApp enrolment={enrolment} onEnrolled={show} onClose={() => setEnrolment(null)} />}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(null)} />}
    </Card>
  );
}
