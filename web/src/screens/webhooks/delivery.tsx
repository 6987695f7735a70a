/** One delivery: its body, and each try with the request's headers, the answer and how long it took. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Badge, Loading, ProblemNotice } from "~/components/states";
import { ago, dateTime, number } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { Code } from "./code";
import { DELIVERY_TONES, setOut, type Delivery } from "./endpoint";
import { t } from "./messages";

function milliseconds(value: number): string {
  return value < 1000 ? number(value, { style: "unit", unit: "millisecond" }) : number(value / 1000, { style: "unit", unit: "second", maximumFractionDigits: 1 });
}

function Attempt({ attempt, open }: { attempt: Schemas["DeliveryAttempt"]; open: boolean }) {
  const taken = attempt.error === null;
  return (
    <details class="attempt" open={open}>
      <summary>
        <Badge tone={taken ? "good" : "bad"}>{attempt.response_status ?? t("noAnswer")}</Badge>
        <strong>{t("attempt", { count: attempt.attempt })}</strong>
        {attempt.replays > 0 && <span class="hint">{t("ofReplay", { count: attempt.replays })}</span>}
        <span class="hint">{t("latency", { time: milliseconds(attempt.latency_ms) })}</span>
        <span class="spread" />
        <time class="hint" dateTime={attempt.at} title={ago(attempt.at)}>{dateTime(attempt.at)}</time>
      </summary>
      {attempt.error && <p>{attempt.error}{attempt.next_try_at && ` · ${t("nextAt", { time: dateTime(attempt.next_try_at) })}`}</p>}
      <h4>{t("responseBody")}</h4>
      {attempt.response_body ? <Code label={t("responseBody")} text={attempt.response_body} /> : <p class="hint">{t("emptyBody")}</p>}
      <h4>{t("requestHeaders")}</h4>
      <Code label={t("requestHeaders")} text={[attempt.url, ...Object.entries(attempt.request_headers).map(([name, value]) => `${name}: ${value}`)].join("\n")} />
    </details>
  );
}

export function DeliveryDialog({ endpointId, deliveryId, onReplayed, onClose }: {
  endpointId: string;
  deliveryId: string;
  onReplayed: (one: Delivery) => void;
  onClose: () => void;
}) {
  const path = { endpoint_id: endpointId, delivery_id: deliveryId };
  const read = useQuery(`webhook-deliveries/${deliveryId}`, (signal) =>
    call(api.GET("/v1/webhooks/endpoints/{endpoint_id}/deliveries/{delivery_id}", { params: { path }, signal })),
  );
  const replay = async () => {
    onReplayed(await call(api.POST("/v1/webhooks/endpoints/{endpoint_id}/deliveries/{delivery_id}/replay", { params: { path } })));
    tell(t("replayed"));
    onClose();
  };
  const one = read.data;
  return (
    <Dialog title={one?.event_type ?? t("delivery")} onClose={onClose} wide>
      {read.problem && !one && <ProblemNotice problem={read.problem} onRetry={read.reload} />}
      {!one && !read.problem && <Loading />}
      {one && (
        <>
          <dl class="facts">
            <dt>{common("state")}</dt>
            <dd><Badge tone={DELIVERY_TONES[one.state]}>{t(`delivery_${one.state}`)}</Badge></dd>
            <dt>{t("time")}</dt>
            <dd>{dateTime(one.created_at)}</dd>
            {one.next_try_at && one.state === "pending" && <><dt>{t("nextTry")}</dt><dd>{dateTime(one.next_try_at)} ({ago(one.next_try_at)})</dd></>}
            <dt>{t("deliveryId")}</dt>
            <dd><code>{one.delivery_id}</code></dd>
            <dt>{t("eventId")}</dt>
            <dd><code>{one.event_id}</code></dd>
            {one.project_id && <><dt>{t("project")}</dt><dd><a href={to("projects", one.project_id)}><code>{one.project_id}</code></a></dd></>}
          </dl>
          <h3>{t("tries")}</h3>
          {one.attempts.length === 0 && <p class="hint">{t("noTry")}</p>}
          {[...one.attempts].reverse().map((attempt, at) => <Attempt key={`${attempt.replays}/${attempt.attempt}`} attempt={attempt} open={at === 0} />)}
          <h3>{t("payload")}</h3>
          <p class="hint">{t("payloadText")}</p>
          <Code label={t("payload")} text={setOut(one.body)} />
          <div class="dialog-actions">
            <Button onClick={onClose}>{common("close")}</Button>
            {may("webhooks:write") && <Button kind="primary" icon="redo" disabled={one.state === "pending"} onClick={replay}>{t("replay")}</Button>}
          </div>
        </>
      )}
    </Dialog>
  );
}
