/** What was used, what the plan allows, and how the organisation pays. */
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Page } from "~/components/page";
import { may } from "~/session/session";
import { t } from "./messages";
import { PaymentCard, PlanCard } from "./plan";
import { PlansCard } from "./plans";
import { UsageCard } from "./usage-chart";
import "./usage.css";

export default function Usage() {
  const mayReadPlan = may("organisation:read");
  const mayReadBilling = may("billing:read");
  const limits = useQuery(mayReadPlan ? "limits" : null, (signal) => call(api.GET("/v1/limits", { signal })));
  const billing = useQuery(mayReadBilling ? "billing" : null, (signal) => call(api.GET("/v1/billing", { signal })));
  const plans = useQuery("plans", (signal) => call(api.GET("/v1/plans", { signal })));
  return (
    <Page title={t("title")} lead={t("lead")}>
      <div class="usage-head">
        {mayReadPlan ? <PlanCard read={limits} /> : <p class="hint">{t("noPermission")}</p>}
        {mayReadBilling && <PaymentCard read={billing} />}
      </div>
      <UsageCard />
      {plans.data && <PlansCard plans={plans.data.items} current={limits.data?.plan.name} billing={billing.data} />}
    </Page>
  );
}
