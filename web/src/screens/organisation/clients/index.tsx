/** OAuth clients that this organisation registered. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { usePages } from "~/api/pages";
import { Button } from "~/components/button";
import { CopyField } from "~/components/copy-field";
import { ConfirmDialog } from "~/components/dialog";
import { Badge, Empty } from "~/components/states";
import { PagedTable } from "~/components/table";
import { ago } from "~/i18n";
import { common } from "~/i18n/common";
import { may, session } from "~/session/session";
import { tell } from "~/state/toasts";
import { useActorName } from "../actors";
import { OverlapDialog } from "../overlap-dialog";
import { SecretDialog } from "../secret-dialog";
import { ClientDialog } from "./client-form";
import { t } from "./messages";

type Client = Schemas["OAuthClient"];
type Doing = { what: "new" } | { what: "change" | "rotate" | "delete"; client: Client } | { what: "show"; title: string; id: string; secret: string };

export function Clients() {
  const [doing, setDoing] = useState<Doing | null>(null);
  const actorName = useActorName();
  const pages = usePages<Client>(session.value?.account?.org_id ?? "", (cursor, signal) =>
    call(api.GET("/v1/oauth/clients", { params: { query: { cursor, limit: 50 } }, signal })),
  );
  const done = () => setDoing(null);
  const show = (title: string, made: Schemas["NewOAuthClient"] | null) => {
    pages.reload();
    if (made?.client_secret) setDoing({ what: "show", title, id: made.client_id, secret: made.client_secret });
    else {
      done();
      tell(made ? title : common("saved"));
    }
  };
  const rotate = async (one: Client, hours: number) => {
    const made = await call(api.POST("/v1/oauth/clients/{client_id}/rotate", { params: { path: { client_id: one.client_id } }, body: { overlap_hours: hours } }));
    show(t("rotated", { name: one.name }), made);
  };
  const remove = async (one: Client) => {
    await call(api.DELETE("/v1/oauth/clients/{client_id}", { params: { path: { client_id: one.client_id } } }));
    tell(t("deleted", { name: one.name }));
    pages.reload();
  };
  return (
    <>
      <div class="part-head">
        <p class="lead">{t("lead")}</p>
        {may("keys:write") && <Button kind="primary" icon="plus" onClick={() => setDoing({ what: "new" })}>{t("make")}</Button>}
      </div>
      <PagedTable
        caption={t("name")}
        pages={pages}
        keyOf={(one) => one.client_id}
        empty={<Empty icon="link" title={t("none")}><p>{t("noneText")}</p></Empty>}
        columns={[
          {
            title: t("name"),
            cell: (one) => (
              <div>
                <strong>{one.name}</strong> <Badge>{one.kind === "public" ? t("kindPublic") : t("kindConfidential")}</Badge>
                <div class="hint">{t("by", { name: actorName(one.created_by), when: ago(one.created_at) })}</div>
                {one.secret_last4 && <div class="hint">{t("secretEnds", { last4: one.secret_last4 })}</div>}
              </div>
            ),
          },
          { title: t("clientId"), cell: (one) => <code>{one.client_id}</code> },
          { title: t("scopes"), cell: (one) => <div class="scopes">{one.scopes.map((scope) => <Badge key={scope}>{scope}</Badge>)}</div> },
          { title: t("redirects"), cell: (one) => (one.redirect_uris.length > 0 ? one.redirect_uris.map((uri) => <div key={uri}><code>{uri}</code></div>) : "–") },
          { title: "", cell: (one) => <Actions one={one} onDo={setDoing} /> },
        ]}
      />
      <p class="hint part">{t("metadata", { address: `${location.origin}/.well-known/oauth-authorization-server` })}</p>
      {doing?.what === "new" && <ClientDialog client={null} onClose={done} onSaved={(made) => show(t("registered", { name: made?.name ?? "" }), made)} />}
      {doing?.what === "change" && <ClientDialog client={doing.client} onClose={done} onSaved={() => show("", null)} />}
      {doing?.what === "rotate" && <OverlapDialog title={t("rotateOf", { name: doing.client.name })} text={t("rotateText")} verb={t("rotate")} onRotate={(hours) => rotate(doing.client, hours)} onClose={done} />}
      {doing?.what === "delete" && <ConfirmDialog title={t("deleteOf", { name: doing.client.name })} text={t("deleteText")} verb={t("delete")} onConfirm={() => remove(doing.client)} onClose={done} />}
      {doing?.what === "show" && (
        <SecretDialog title={doing.title} label={t("secret")} secret={doing.secret} onClose={done}>
          <CopyField label={t("clientId")} value={doing.id} />
        </SecretDialog>
      )}
    </>
  );
}

function Actions({ one, onDo }: { one: Client; onDo: (doing: Doing) => void }) {
  if (!may("keys:write")) return null;
  return (
    <div class="row-actions">
      <Button small aria-label={t("changeOf", { name: one.name })} onClick={() => onDo({ what: "change", client: one })}>{t("change")}</Button>
      {one.kind === "confidential" && <Button small aria-label={t("rotateOf", { name: one.name })} onClick={() => onDo({ what: "rotate", client: one })}>{t("rotate")}</Button>}
      <Button small kind="danger" aria-label={t("deleteOf", { name: one.name })} onClick={() => onDo({ what: "delete", client: one })}>{t("delete")}</Button>
    </div>
  );
}
