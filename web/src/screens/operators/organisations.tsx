/** Sets the plan of an organisation. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Select, TextField } from "~/components/fields";
import { Card } from "~/components/page";
import { Notice, ProblemNotice } from "~/components/states";
import { bytes, number } from "~/i18n";
import { tell } from "~/state/toasts";
import { t } from "./messages";

export function Organisations() {
  const plans = useQuery("plans", (signal) => call(api.GET("/v1/plans", { signal })));
  const [orgId, setOrgId] = useState("");
  const [plan, setPlan] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const [limits, setLimits] = useState<Schemas["Limits"] | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setLimits(null);
    try {
      setLimits(await call(api.PATCH("/v1/admin/organisations/{org_id}/plan", { params: { path: { org_id: orgId.trim() } }, body: { plan: plan || null } })));
      tell(t("planSet"));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={t("planTitle")}>
      <p class="hint">{t("planText")}</p>
      <form class="plan-form" onSubmit={send}>
        <TextField label={t("orgId")} value={orgId} onInput={setOrgId} required spellcheck={false} />
        <Select label={t("plan")} value={plan} onChange={setPlan} choices={[{ value: "", label: t("defaultPlan") }, ...(plans.data?.items ?? []).map((one) => ({ value: one.name, label: one.title }))]} />
        <Button kind="primary" type="submit" busy={busy} disabled={!orgId.trim()}>{t("setPlan")}</Button>
      </form>
      {problem !== null && <ProblemNotice problem={problem} />}
      {limits && (
        <Notice kind="done">
          <p>{t("nowHolds", { name: limits.plan.title, minutes: number(limits.used.source_ms / 60_000, { maximumFractionDigits: 1 }), exports: limits.used.exports, stored: bytes(limits.used.stored_bytes) })}</p>
          {limits.exceeded.map((one) => <p key={one.limit} lang="en">{one.detail}</p>)}
        </Notice>
      )}
    </Card>
  );
}
