/** The browsers that get web push, and this one among them. */
import { useEffect, useState } from "preact/hooks";
import { api, ApiProblem, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Card } from "~/components/page";
import { Table } from "~/components/table";
import { ago } from "~/i18n";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import { t } from "./messages";
import { isListed, readPushState, subscribePush, unsubscribePush, type PushState } from "./push";

type Subscription = Schemas["PushSubscription"];

const TEXTS: Record<PushState, Parameters<typeof t>[0]> = { impossible: "impossibleText", denied: "deniedText", off: "offText", on: "onText" };

export function Browsers() {
  const { data, reload } = useQuery("account/push-subscriptions", (signal) => call(api.GET("/v1/account/push-subscriptions", { signal })));
  const [told, setState] = useState<PushState | null>(null);
  useEffect(() => void readPushState().then(setState, () => setState("impossible")), []);
  const state = told === "on" && data && !isListed(data.items.map((one) => one.subscription_id)) ? "off" : told;
  const turnOn = async () => {
    try {
      const now = await subscribePush();
      setState(now);
      if (now === "on") tell(t("registered"));
    } catch (error) {
      if (error instanceof ApiProblem || !(error instanceof DOMException)) throw error;
      throw new ApiProblem({ title: t("failed", { reason: error.message }), status: -1, code: "push" });
    } finally {
      reload();
    }
  };
  const turnOff = async () => {
    setState(await unsubscribePush());
    reload();
  };
  const remove = async (one: Subscription) => {
    await call(api.DELETE("/v1/account/push-subscriptions/{subscription_id}", { params: { path: { subscription_id: one.subscription_id } } }));
    tell(t("removed"));
    reload();
  };
  const nameOf = (one: Subscription) => one.label || t("unnamed");
  const button = state === "off" ? <Button kind="primary" icon="bell" onClick={turnOn}>{t("turnOn")}</Button> : state === "on" ? <Button onClick={turnOff}>{t("turnOff")}</Button> : null;
  return (
    <Card title={t("browsers")} actions={button}>
      {state && <p>{t(TEXTS[state])}</p>}
      <p class="hint">{t("sessionHint")}</p>
      {data && data.items.length > 0 && (
        <Table
          caption={t("browsers")}
          rows={data.items}
          keyOf={(one) => one.subscription_id}
          columns={[
            { title: t("browser"), cell: (one) => <strong>{nameOf(one)}</strong> },
            { title: t("service"), cell: (one) => one.host },
            { title: t("added"), cell: (one) => ago(one.created_at) },
            { title: "", cell: (one) => <Button small kind="danger" aria-label={t("removeOf", { name: nameOf(one) })} onClick={() => remove(one)}>{common("remove")}</Button> },
          ]}
        />
      )}
    </Card>
  );
}
