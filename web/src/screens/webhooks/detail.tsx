/** One endpoint: what it takes, its secret, and what was sent to it. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call } from "~/api/client";
import { invalidate, setQuery, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { ConfirmDialog } from "~/components/dialog";
import { Icon } from "~/components/icon";
import { Menu } from "~/components/menu";
import { Card, Page } from "~/components/page";
import { Badge, Loading, Notice, ProblemNotice } from "~/components/states";
import { date, dateTime } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { Deliveries } from "./deliveries";
import { STATE_TONES, stateOf, stateText, type Endpoint, type NewEndpoint } from "./endpoint";
import { EndpointForm } from "./endpoint-form";
import { t } from "./messages";
import { RedeliveryDialog } from "./redelivery";
import { RotateDialog, SecretDialog } from "./secret";

type Open = "change" | "rotate" | "replay" | "recover" | "forget" | null;

function Facts({ endpoint }: { endpoint: Endpoint }) {
  return (
    <Card>
      <dl class="facts">
        <dt>{common("state")}</dt>
        <dd><Badge tone={STATE_TONES[stateOf(endpoint)]}>{t(`state_${stateOf(endpoint)}`)}</Badge></dd>
        {endpoint.description && <><dt>{t("description")}</dt><dd>{endpoint.description}</dd></>}
        <dt>{t("events")}</dt>
        <dd class="row tight">{endpoint.events.map((one) => <code key={one} class="chip">{one}</code>)}</dd>
        <dt>{t("signing")}</dt>
        <dd>{t(`signing_${endpoint.signing}`)}</dd>
        {endpoint.public_key ? (
          <><dt>{t("publicKey")}</dt><dd><CopyField label={t("publicKey")} value={endpoint.public_key} /></dd></>
        ) : (
          <><dt>{t("secret")}</dt><dd>{t("secretHidden")}</dd></>
        )}
        {endpoint.former_keys.map((one) => <><dt /><dd>{t("former", { time: dateTime(one.expires_at) })}</dd></>)}
        <dt>{common("created")}</dt>
        <dd>{date(endpoint.created_at)}</dd>
      </dl>
    </Card>
  );
}

function Actions({ endpoint, onOpen, onChanged, onSent }: {
  endpoint: Endpoint;
  onOpen: (open: Open) => void;
  onChanged: (endpoint: Endpoint) => void;
  onSent: () => void;
}) {
  const path = { endpoint_id: endpoint.endpoint_id };
  const rests = stateOf(endpoint) !== "active";
  const stopped = endpoint.paused_at !== null || endpoint.disabled_at !== null;
  const test = async () => {
    await call(api.POST("/v1/webhooks/endpoints/{endpoint_id}/test", { params: { path } }));
    tell(t("testSent"));
    onSent();
  };
  const pause = async () => {
    onChanged(await call(api.PATCH("/v1/webhooks/endpoints/{endpoint_id}", { params: { path }, body: { paused: true } })));
    tell(t("paused"));
  };
  const enable = async () => {
    onChanged(await call(api.POST("/v1/webhooks/endpoints/{endpoint_id}/enable", { params: { path } })));
    tell(t("enabled"));
  };
  return (
    <>
      <Button icon="hook" kind={stopped ? "plain" : "primary"} disabled={stopped} onClick={test}>{t("test")}</Button>
      {rests && <Button kind={stopped ? "primary" : "plain"} icon="play" onClick={enable}>{t("enable")}</Button>}
      {!stopped && <Button icon="pause" onClick={pause}>{t("pause")}</Button>}
      <Menu
        label={t("more")}
        button={<Icon name="dots" />}
        items={[
          { label: common("change"), icon: "pencil", onSelect: () => onOpen("change") },
          { label: t("rotate"), icon: "key", onSelect: () => onOpen("rotate") },
          { label: t("replayFailed"), icon: "redo", disabled: stopped, onSelect: () => onOpen("replay") },
          { label: t("recover"), icon: "clock", disabled: stopped, onSelect: () => onOpen("recover") },
          "line",
          { label: t("forget"), icon: "trash", danger: true, onSelect: () => onOpen("forget") },
        ]}
      />
    </>
  );
}

export function EndpointDetail({ id }: { id: string }) {
  const { route } = useLocation();
  const path = { endpoint_id: id };
  const key = `webhook-endpoints/${id}`;
  const read = useQuery(key, (signal) => call(api.GET("/v1/webhooks/endpoints/{endpoint_id}", { params: { path }, signal })));
  const [open, setOpen] = useState<Open>(null);
  const [made, setMade] = useState<NewEndpoint | null>(null);
  const [changes, setChanges] = useState(0);
  const endpoint = read.data;
  const changed = (next: Endpoint) => {
    setQuery(key, () => next);
    setOpen(null);
  };
  const sent = () => {
    setChanges((old) => old + 1);
    setOpen(null);
  };
  const forget = async () => {
    await call(api.DELETE("/v1/webhooks/endpoints/{endpoint_id}", { params: { path } }));
    invalidate("webhook-endpoints");
    tell(t("forgotten"));
    route(to("webhooks"));
  };
  const text = endpoint && stateText(endpoint);
  const failing = endpoint?.failing_since && !endpoint.disabled_at && t("failingSince", { time: dateTime(endpoint.failing_since) });
  return (
    <Page
      title={endpoint ? endpoint.url : t("title")}
      lead={<a href={to("webhooks")}>← {t("back")}</a>}
      actions={endpoint && may("webhooks:write") && <Actions endpoint={endpoint} onOpen={setOpen} onChanged={changed} onSent={sent} />}
    >
      {!endpoint && (read.problem ? <ProblemNotice problem={read.problem} onRetry={read.reload} /> : <Loading />)}
      {endpoint && (
        <>
          {(text || failing) && <Notice kind="warn">{text && <p>{text}</p>}{failing && <p>{failing}</p>}</Notice>}
          <Facts endpoint={endpoint} />
          <Deliveries endpointId={id} changes={changes} />
          {open === "change" && <EndpointForm endpoint={endpoint} onChanged={changed} onClose={() => setOpen(null)} />}
          {open === "rotate" && <RotateDialog endpoint={endpoint} onRotated={(next) => { setMade(next); changed({ ...next }); }} onClose={() => setOpen(null)} />}
          {(open === "replay" || open === "recover") && <RedeliveryDialog kind={open} endpointId={id} onDone={sent} onClose={() => setOpen(null)} />}
          {open === "forget" && <ConfirmDialog title={t("forget")} text={t("forgetText", { url: endpoint.url })} verb={t("forget")} onConfirm={forget} onClose={() => setOpen(null)} />}
          {made && <SecretDialog made={made} onClose={() => setMade(null)} />}
        </>
      )}
    </Page>
  );
}
