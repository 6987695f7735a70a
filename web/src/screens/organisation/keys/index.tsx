/** API keys: made, changed, replaced, revoked. A secret is shown once. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { usePages } from "~/api/pages";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Segmented } from "~/components/fields";
import { Badge, Empty } from "~/components/states";
import { PagedTable } from "~/components/table";
import { ago, dateTime } from "~/i18n";
import { may, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { useActorName } from "../actors";
import { OverlapDialog } from "../overlap-dialog";
import { SecretDialog } from "../secret-dialog";
import { ChangeKeyDialog, NewKeyDialog } from "./key-form";
import { t } from "./messages";

type Key = Schemas["ApiKey"];
type State = Key["state"] | "all";
type Doing = { what: "new" } | { what: "change" | "rotate" | "revoke"; key: Key } | { what: "show"; title: string; secret: string };

const STATES: Record<State, Parameters<typeof t>[0]> = { active: "stateActive", expired: "stateExpired", revoked: "stateRevoked", all: "stateAll" };

export function Keys() {
  const [state, setState] = useState<State>("active");
  const [doing, setDoing] = useState<Doing | null>(null);
  const actorName = useActorName();
  const orgId = session.value?.account?.org_id;
  const pages = usePages<Key>(`${orgId}/${state}`, (cursor, signal) =>
    call(api.GET("/v1/keys", { params: { query: { cursor, limit: 50, state: state === "all" ? null : state } }, signal })),
  );
  const done = () => setDoing(null);
  const show = (title: string, made: Schemas["NewKey"]) => {
    setDoing({ what: "show", title, secret: made.key });
    pages.reload();
  };
  const rotate = async (key: Key, hours: number) => {
    const made = await call(api.POST("/v1/keys/{key_id}/rotate", { params: { path: { key_id: key.key_id } }, body: { overlap_hours: hours } }));
    show(t("rotated", { name: key.name }), made);
  };
  const revoke = async (key: Key) => {
    await call(api.DELETE("/v1/keys/{key_id}", { params: { path: { key_id: key.key_id } } }));
    tell(t("revoked", { name: key.name }));
    pages.reload();
  };
  return (
    <>
      <div class="part-head">
        <p class="lead">{t("lead")}</p>
        {may("keys:write") && <Button kind="primary" icon="plus" onClick={() => setDoing({ what: "new" })}>{t("newKey")}</Button>}
      </div>
      <div class="filters">
        <Segmented label={t("state")} value={state} choices={(Object.keys(STATES) as State[]).map((value) => ({ value, label: t(STATES[value]) }))} onChange={setState} />
      </div>
      <PagedTable
        caption={t("key")}
        pages={pages}
        keyOf={(one) => one.key_id}
        empty={state === "active" ? <Empty icon="key" title={t("noKeys")}><p>{t("noKeysText")}</p></Empty> : <p class="hint">{t("noneSuch")}</p>}
        columns={[
          {
            title: t("name"),
            cell: (one) => (
              <div>
                <strong>{one.name || t("unnamed")}</strong> {one.test && <Badge tone="warn">{t("mark")}</Badge>} {state === "all" && <Badge>{t(STATES[one.state])}</Badge>}
                <div class="hint"><code>…{one.last4}</code> · {t("by", { name: actorName(one.created_by), when: ago(one.created_at) })}</div>
                {one.replaces && <div class="hint">{t("replaces")}</div>}
                {one.service_account_id && <div class="hint">{t("account")}: {actorName({ kind: "service_account", id: one.service_account_id })}</div>}
              </div>
            ),
          },
          { title: t("scopes"), cell: (one) => <div class="scopes">{one.scopes.map((scope) => <Badge key={scope}><code>{scope}</code></Badge>)}</div> },
          { title: t("addresses"), cell: (one) => (one.allowed_addresses.length > 0 ? one.allowed_addresses.join(", ") : t("anywhere")) },
          { title: t("lastUsed"), cell: (one) => (one.last_used_at ? <span title={dateTime(one.last_used_at)}>{ago(one.last_used_at)}</span> : t("neverUsed")) },
          { title: t("expires"), cell: (one) => (one.expires_at ? <span title={dateTime(one.expires_at)}>{ago(one.expires_at)}</span> : t("never")) },
          { title: "", cell: (one) => <Actions one={one} onDo={setDoing} /> },
        ]}
      />
      {doing?.what === "new" && <NewKeyDialog onClose={done} onMade={(made) => show(t("made", { name: made.name }), made)} />}
      {doing?.what === "change" && <ChangeKeyDialog apiKey={doing.key} onClose={done} onChanged={pages.reload} />}
      {doing?.what === "rotate" && <OverlapDialog title={t("rotateOf", { name: doing.key.name })} text={t("rotateText")} verb={t("rotate")} onRotate={(hours) => rotate(doing.key, hours)} onClose={done} />}
      {doing?.what === "revoke" && <ConfirmDialog title={t("revokeOf", { name: doing.key.name })} text={t("revokeText")} verb={t("revoke")} onConfirm={() => revoke(doing.key)} onClose={done} />}
      {doing?.what === "show" && <SecretDialog title={doing.title} label={t("secret")} secret={doing.secret} onClose={done}><p class="hint">{t("use")}</p></SecretDialog>}
    </>
  );
}

function Actions({ one, onDo }: { one: Key; onDo: (doing: Doing) => void }) {
  if (!may("keys:write") || one.state !== "active") return null;
  return (
    <div class="row-actions">
      <Button small aria-label={t("changeOf", { name: one.name })} onClick={() => onDo({ what: "change", key: one })}>{t("change")}</Button>
      <Button small aria-label={t("rotateOf", { name: one.name })} onClick={() => onDo({ what: "rotate", key: one })}>{t("rotate")}</Button>
      <Button small kind="danger" aria-label={t("revokeOf", { name: one.name })} onClick={() => onDo({ what: "revoke", key: one })}>{t("revoke")}</Button>
    </div>
  );
}
