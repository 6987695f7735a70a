/** The plan of the organisation, its limits as bars, and how it pays. */
import { api, call, type Schemas } from "~/api/client";
import type { Query } from "~/api/query";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Badge, Loading, Notice, ProblemNotice, Progress } from "~/components/states";
import { bytes, date, number } from "~/i18n";
import { may } from "~/session/session";
import { LIMIT_NAMES, shareOf, toneOf, usedOf, type LimitName, type Limits } from "./limits";
import { t } from "./messages";

type Read<T> = Query<T> & { reload: () => void };

function amount(name: LimitName, value: number): string {
  return name === "storage_gb" ? bytes(value * 1e9) : number(value, { maximumFractionDigits: name === "source_minutes" ? 1 : 0 });
}

function Limit({ limits, name }: { limits: Limits; name: LimitName }) {
  const used = usedOf(limits, name);
  const limit = limits.plan[name];
  const share = shareOf(used, limit);
  const words = limit === null || limit === undefined ? t("unlimited", { used: amount(name, used) }) : t("used", { used: amount(name, used), limit: amount(name, limit) });
  return (
    <li>
      <span>{t(name)}</span>
      <strong>{words}</strong>
      {share !== null && <Progress value={Math.round(share)} label={`${t(name)}: ${words}`} tone={toneOf(share)} />}
      {name === "seats" && limits.seats.invitations > 0 && <small>{t("invited", { count: limits.seats.invitations })}</small>}
    </li>
  );
}

export function planFacts(plan: Schemas["Plan"]): [string, string][] {
  return [
    [t("requests"), plan.requests_per_minute ? number(plan.requests_per_minute) : t("none")],
    [t("retention"), plan.retention_days ? t("days", { count: plan.retention_days }) : t("forever")],
  ];
}

export function PlanCard({ read }: { read: Read<Limits> }) {
  if (read.problem && !read.data) return <ProblemNotice problem={read.problem} onRetry={read.reload} />;
  const limits = read.data;
  if (!limits) return <Card><Loading /></Card>;
  return (
    <Card title={t("plan", { name: limits.plan.title })}>
      {limits.exceeded.map((one) => <Notice key={one.limit} kind="warn"><p lang="en">{one.detail}</p></Notice>)}
      <p class="hint">{t("month", { from: date(limits.month_from), until: date(limits.month_until) })}</p>
      <ul class="plain limits">{LIMIT_NAMES.map((name) => <Limit key={name} limits={limits} name={name} />)}</ul>
      <dl class="facts">
        {planFacts(limits.plan).map(([name, value]) => <><dt key={name}>{name}</dt><dd>{value}</dd></>)}
      </dl>
    </Card>
  );
}

const STATES = ["active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled"] as const;
const METERS = ["source_minutes", "exports"] as const;

function meterName(meter: string): string {
  const known = METERS.find((one) => one === meter);
  return known ? t(`metered_${known}`) : meter;
}

function stateName(state: string): string {
  const known = STATES.find((one) => one === state);
  return known ? t(`s_${known}`) : state;
}

export async function openPortal(): Promise<void> {
  location.assign((await call(api.POST("/v1/billing/portal"))).url);
}

export function PaymentCard({ read }: { read: Read<Schemas["Billing"]> }) {
  if (read.problem?.code === "payments-off") return <Card title={t("payment")}><p>{t("paymentsOff")}</p></Card>;
  if (read.problem && !read.data) return <ProblemNotice problem={read.problem} onRetry={read.reload} />;
  const billing = read.data;
  if (!billing) return <Card title={t("payment")}><Loading /></Card>;
  const { subscription } = billing;
  return (
    <Card title={t("payment")} actions={billing.customer_id && may("billing:write") && <Button icon="card" onClick={openPortal}>{t("portal")}</Button>}>
      {!subscription && <p>{t("noSubscription")}</p>}
      {subscription?.grace_until && <Notice kind="warn"><p>{t("grace", { time: date(subscription.grace_until) })}</p></Notice>}
      {subscription && (
        <dl class="facts">
          <dt>{t("subscription")}</dt>
          <dd><Badge tone={subscription.state === "active" || subscription.state === "trialing" ? "good" : "warn"}>{stateName(subscription.state)}</Badge></dd>
          {subscription.period_from && subscription.period_until && (
            <><dt>{t("period")}</dt><dd>{t("periodOf", { from: date(subscription.period_from), until: date(subscription.period_until) })}{subscription.ends_with_period && ` · ${t("ends")}`}</dd></>
          )}
          {billing.metered.length > 0 && <><dt>{t("metered")}</dt><dd>{billing.metered.map(meterName).join(", ")}</dd></>}
        </dl>
      )}
    </Card>
  );
}
