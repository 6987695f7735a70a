/** Registers an endpoint, or changes one. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Select, TextField } from "~/components/fields";
import { Loading, ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import type { Endpoint, EventFilter, NewEndpoint } from "./endpoint";
import { EventPicker } from "./event-picker";
import { t } from "./messages";

export function useEventTypes() {
  return useQuery("webhook-event-types", (signal) => call(api.GET("/v1/webhooks/event-types", { signal })));
}

type Signing = Endpoint["signing"];

export const SIGNINGS = (): { value: Signing; label: string }[] => [
  { value: "hmac", label: t("signing_hmac") },
  { value: "ed25519", label: t("signing_ed25519") },
];

export function EndpointForm({ endpoint, onCreated, onChanged, onClose }: {
  /** The endpoint to change; without it a new one is made. */
  endpoint?: Endpoint;
  onCreated?: (made: NewEndpoint) => void;
  onChanged?: (changed: Endpoint) => void;
  onClose: () => void;
}) {
  const types = useEventTypes();
  const [url, setUrl] = useState(endpoint?.url ?? "https://");
  const [description, setDescription] = useState(endpoint?.description ?? "");
  const [events, setEvents] = useState<string[]>(endpoint?.events ?? ["project.*", "export.*"]);
  const [signing, setSigning] = useState<Signing>("hmac");
  const [problem, setProblem] = useState<unknown>(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);

  const send = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (events.length === 0) return;
    setBusy(true);
    setProblem(null);
    const body = { url: url.trim(), description, events: events as EventFilter[] };
    try {
      if (endpoint) {
        onChanged?.(await call(api.PATCH("/v1/webhooks/endpoints/{endpoint_id}", { params: { path: { endpoint_id: endpoint.endpoint_id } }, body })));
      } else {
        onCreated?.(await call(api.POST("/v1/webhooks/endpoints", { body: { ...body, signing } })));
      }
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <Dialog title={endpoint ? t("changeEndpoint") : t("newEndpoint")} onClose={onClose} wide>
      <form onSubmit={send}>
        <TextField label={t("url")} hint={t("urlHint")} type="url" value={url} onInput={setUrl} required autoFocus />
        <TextField label={t("description")} hint={t("descriptionHint")} value={description} onInput={setDescription} maxLength={200} />
        {types.data ? (
          <EventPicker types={types.data.items} value={events} onChange={setEvents} error={tried && events.length === 0 ? t("chooseOne") : null} />
        ) : types.problem ? <ProblemNotice problem={types.problem} onRetry={types.reload} /> : <Loading />}
        {!endpoint && <Select label={t("signing")} hint={t("signingHint")} value={signing} choices={SIGNINGS()} onChange={setSigning} />}
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{endpoint ? common("save") : common("create")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
