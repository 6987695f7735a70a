/** The log of an endpoint: what was sent, what was answered, when it is tried next. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { usePages } from "~/api/pages";
import { Button } from "~/components/button";
import { Select } from "~/components/fields";
import { Card } from "~/components/page";
import { Badge, Empty } from "~/components/states";
import { PagedTable } from "~/components/table";
import { ago, dateTime, language } from "~/i18n";
import { common } from "~/i18n/common";
import { DeliveryDialog } from "./delivery";
import { DELIVERY_TONES, hoursAgo, type Delivery } from "./endpoint";
import { useEventTypes } from "./endpoint-form";
import { t } from "./messages";
import { spanLabel } from "./redelivery";

const PAGE = 100;
const LOOK_AGAIN_MS = 3_000;
const SPANS = ["1", "24", "168"] as const;

type State = "" | Delivery["state"];
type EventType = "" | Delivery["event_type"];
type Span = "" | (typeof SPANS)[number];

/** Newer answers in place of older ones, and new deliveries in front. */
export function merged(old: Delivery[], read: Delivery[]): Delivery[] {
  const known = new Map(read.map((one) => [one.delivery_id, one]));
  const fresh = read.filter((one) => !old.some((other) => other.delivery_id === one.delivery_id));
  return [...fresh, ...old.map((one) => known.get(one.delivery_id) ?? one)];
}

/** `changes` counts what was sent from this page: the log is read again with each. */
export function Deliveries({ endpointId, changes }: { endpointId: string; changes: number }) {
  const [state, setState] = useState<State>("");
  const [eventType, setEventType] = useState<EventType>("");
  const [span, setSpan] = useState<Span>("");
  const [shown, setShown] = useState<string | null>(null);
  const types = useEventTypes();
  const load = (cursor: string | undefined, signal: AbortSignal) =>
    call(api.GET("/v1/webhooks/endpoints/{endpoint_id}/deliveries", {
      params: {
        path: { endpoint_id: endpointId },
        query: { limit: PAGE, cursor, state: state || undefined, event_type: eventType || undefined, since: span ? hoursAgo(Number(span)) : undefined },
      },
      signal,
    }));
  const pages = usePages(`${endpointId}/${state}/${eventType}/${span}`, load);
  const filtered = Boolean(state || eventType || span);

  // What is on its way ends within seconds: look again while there is some, without moving what is read.
  const waiting = pages.items.some((one) => one.state === "pending");
  useEffect(() => {
    if (!waiting && changes === 0) return undefined;
    const control = new AbortController();
    const look = () => {
      if (document.hidden) return;
      load(undefined, control.signal).then((page) => pages.update((items) => merged(items, page.items)), () => undefined);
    };
    look();
    const timer = waiting ? setInterval(look, LOOK_AGAIN_MS) : setTimeout(look, 1_000);
    return () => {
      control.abort();
      clearInterval(timer);
    };
  }, [waiting, changes, endpointId, state, eventType, span]);

  // Kept as it is while only a dialog opens: a thousand lines are not compared for that.
  const table = useMemo(() => (
    <PagedTable
      caption={t("log")}
      pages={pages}
      keyOf={(one) => one.delivery_id}
      empty={<Empty icon="hook" title={filtered ? t("logNone") : t("logEmpty")}>{!filtered && <p>{t("logEmptyText")}</p>}</Empty>}
      columns={[
        { title: t("event"), cell: (one) => <button type="button" class="link" onClick={() => setShown(one.delivery_id)}>{one.event_type}</button> },
        { title: common("state"), cell: (one) => <Badge tone={DELIVERY_TONES[one.state]}>{t(`delivery_${one.state}`)}</Badge> },
        { title: t("answer"), cell: (one) => one.last_error ?? one.response_status ?? (one.attempt > 0 ? t("noAnswer") : "–") },
        { title: t("tries"), cell: (one) => one.attempt, numeric: true },
        { title: t("time"), cell: (one) => <time dateTime={one.created_at} title={dateTime(one.created_at)}>{ago(one.created_at)}</time> },
        { title: t("nextTry"), cell: (one) => one.state === "pending" ? (one.next_try_at ? <time dateTime={one.next_try_at} title={dateTime(one.next_try_at)}>{ago(one.next_try_at)}</time> : t("atOnce")) : "–" },
      ]}
    />
  ), [pages.items, pages.loading, pages.problem, pages.hasMore, filtered, language.value]);

  return (
    <Card title={t("log")} actions={<Button small icon="redo" onClick={pages.reload}>{common("reload")}</Button>}>
      <p class="hint">{t("logKept")}</p>
      <div class="log-filters">
        <Select label={common("state")} value={state} onChange={setState} choices={[{ value: "", label: t("anyState") }, ...(["delivered", "pending", "failed"] as const).map((value) => ({ value, label: t(`delivery_${value}`) }))]} />
        <Select label={t("event")} value={eventType} onChange={setEventType} choices={[{ value: "", label: t("anyEvent") }, ...(types.data?.items ?? []).map((one) => ({ value: one.type, label: one.type }))]} />
        <Select label={t("time")} value={span} onChange={setSpan} choices={[{ value: "", label: t("anyTime") }, ...SPANS.map((value) => ({ value, label: spanLabel(Number(value)) }))]} />
      </div>
      {table}
      {shown && (
        <DeliveryDialog
          endpointId={endpointId}
          deliveryId={shown}
          onReplayed={(one) => pages.update((items) => merged(items, [one]))}
          onClose={() => setShown(null)}
        />
      )}
    </Card>
  );
}
