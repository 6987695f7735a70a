/** What the plan has left, and what somebody should look at. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Icon } from "~/components/icon";
import { Progress } from "~/components/states";
import { ago, bytes, date, duration, number } from "~/i18n";
import { to } from "~/routes";
import { may } from "~/session/session";
import { attentionWord, t } from "./messages";

type Attention = Schemas["AttentionItem"];

const FEW = 2;
const GIGABYTE = 1e9;

function readAttention(signal: AbortSignal): Promise<Attention[]> {
  return call(api.GET("/v1/attention", { signal })).then((told) => told.items);
}

function Meter({ label, used, most, share }: { label: string; used: string; most: string | null; share: number | null }) {
  const tone = share === null ? undefined : share >= 1 ? "bad" : share >= 0.8 ? "warn" : undefined;
  const told = most === null ? used : t("of", { used, most });
  return (
    <div class="meter">
      <p><span>{label}</span><strong>{told}</strong></p>
      {share !== null && <Progress value={Math.min(100, Math.round(share * 100))} label={`${label}: ${told}`} {...(tone ? { tone } : {})} />}
    </div>
  );
}

function shareOf(used: number, most: number | null | undefined): number | null {
  return most === null || most === undefined ? null : most === 0 ? 1 : used / most;
}

export function PlanUse() {
  const asks = may("organisation:read");
  const { data } = useQuery<Schemas["Limits"]>(asks ? "limits" : null, (signal) => call(api.GET("/v1/limits", { signal })));
  if (!asks) return null;
  if (!data) return <div class="plan-use" aria-hidden="true"><div class="meter"><p>&nbsp;</p></div></div>;
  const { plan, used } = data;
  const minutes = plan.source_minutes ?? null;
  const storage = plan.storage_gb ?? null;
  const running = plan.running_projects ?? null;
  const text = [t("plan", { name: plan.title }), minutes === null ? "" : t("renews", { when: date(data.month_until, { day: "numeric", month: "long" }) })];
  return (
    <div class="plan-use">
      <Meter
        label={t("minutes")}
        used={duration(used.source_ms)}
        most={minutes === null ? null : duration(minutes * 60_000)}
        share={shareOf(used.source_ms, minutes === null ? null : minutes * 60_000)}
      />
      <Meter label={t("storage")} used={bytes(used.stored_bytes)} most={storage === null ? null : bytes(storage * GIGABYTE)} share={shareOf(used.stored_bytes, storage === null ? null : storage * GIGABYTE)} />
      <Meter label={t("running2")} used={number(used.running_projects)} most={running === null ? null : number(running)} share={shareOf(used.running_projects, running)} />
      {may("usage:read") ? <a class="plan-name" href={to("usage")}>{text.filter(Boolean).join(" · ")}</a> : <span class="plan-name">{text.filter(Boolean).join(" · ")}</span>}
    </div>
  );
}

function addressOf(one: Attention): string | null {
  if (one.export_id) return to("exports", one.export_id);
  if (one.clip_id) return to("clips", one.clip_id);
  if (one.project_id) return to("projects", one.project_id);
  if (one.endpoint_id) return to("webhooks", one.endpoint_id);
  if (one.kind.startsWith("quota.")) return to("usage");
  if (one.kind.startsWith("mail.")) return to("account");
  if (one.kind.startsWith("erasure.")) return to("organisation");
  return null;
}

export function NeedsAttention() {
  const { data = [] } = useQuery<Attention[]>("attention", readAttention);
  const [all, setAll] = useState(false);
  if (data.length === 0) return null;
  const shown = all ? data : data.slice(0, FEW);
  return (
    <section class="attention" aria-labelledby="attention-title">
      <h2 id="attention-title"><Icon name="warning" />{t("attention")}</h2>
      <ul class="plain">
        {shown.map((one) => {
          const href = addressOf(one);
          return (
            <li key={`${one.kind}${one.since}${one.project_id}${one.export_id}${one.endpoint_id}`}>
              <span>{attentionWord(one.kind) && <strong>{attentionWord(one.kind)}: </strong>}{href ? <a href={href} lang="en">{one.sentence}</a> : <span lang="en">{one.sentence}</span>}</span>
              {one.since && <time dateTime={one.since}>{ago(one.since)}</time>}
            </li>
          );
        })}
      </ul>
      {data.length > FEW && <Button small kind="quiet" onClick={() => setAll(!all)}>{all ? t("showLess") : t("showAll", { count: data.length - FEW })}</Button>}
    </section>
  );
}
