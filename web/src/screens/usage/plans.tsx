/** All plans beside each other, and the way to buy one where the installation takes payments. */
import { api, call, type Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Badge } from "~/components/states";
import { bytes, number } from "~/i18n";
import { common } from "~/i18n/common";
import { may } from "~/session/session";
import { LIMIT_NAMES, type LimitName } from "./limits";
import { t } from "./messages";
import { openPortal, planFacts } from "./plan";

type Plan = Schemas["Plan"];

async function buy(plan: string): Promise<void> {
  location.assign((await call(api.POST("/v1/billing/checkout", { body: { plan } }))).url);
}

function limitText(plan: Plan, name: LimitName): string {
  const limit = plan[name];
  if (limit === null || limit === undefined) return t("none");
  return name === "storage_gb" ? bytes(limit * 1e9) : number(limit);
}

function offerName(name: LimitName): string {
  return name === "source_minutes" || name === "exports" ? t(`o_${name}`) : t(name);
}

function PlanOffer({ plan, current, billing }: { plan: Plan; current: boolean; billing: Schemas["Billing"] | undefined }) {
  const sold = billing?.plans.includes(plan.name) && may("billing:write") && !current;
  const subscribed = Boolean(billing?.subscription && billing.subscription.state !== "canceled");
  return (
    <li class={`offer${current ? " current" : ""}`}>
      <h3>{plan.title} {current && <Badge tone="active">{t("current")}</Badge>}</h3>
      <dl>
        {LIMIT_NAMES.map((name) => <div key={name}><dt>{offerName(name)}</dt><dd>{limitText(plan, name)}</dd></div>)}
        {planFacts(plan).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
        <div><dt>{t("watermark")}</dt><dd>{plan.watermark ? common("yes") : common("no")}</dd></div>
      </dl>
      {sold && (subscribed ? <Button onClick={openPortal} title={t("changeAtPortal")}>{t("buy", { name: plan.title })}</Button> : <Button kind="primary" onClick={() => buy(plan.name)}>{t("buy", { name: plan.title })}</Button>)}
    </li>
  );
}

export function PlansCard({ plans, current, billing }: { plans: Plan[]; current: string | undefined; billing: Schemas["Billing"] | undefined }) {
  return (
    <Card title={t("plans")}>
      <ul class="plain offers">
        {plans.map((plan) => <PlanOffer key={plan.name} plan={plan} current={plan.name === current} billing={billing} />)}
      </ul>
    </Card>
  );
}
