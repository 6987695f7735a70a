/** Who did something, by name where the organisation still knows it. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { may, session } from "~/session/session";
import { t } from "./messages";

type Actor = Schemas["Actor"];

export function useMembers() {
  const orgId = session.value?.account?.org_id;
  return useQuery(orgId && may("members:read") ? `members/${orgId}` : null, (signal) => call(api.GET("/v1/members", { signal })));
}

export function useServiceAccounts() {
  const orgId = session.value?.account?.org_id;
  return useQuery(orgId && may("keys:read") ? `service-accounts/${orgId}` : null, (signal) =>
    call(api.GET("/v1/service-accounts", { params: { query: { limit: 100 } }, signal })),
  );
}

/** The keys in use; an older one is told by its id. */
function useKeys() {
  const orgId = session.value?.account?.org_id;
  return useQuery(orgId && may("keys:read") ? `keys/${orgId}` : null, (signal) =>
    call(api.GET("/v1/keys", { params: { query: { limit: 100 } }, signal })),
  );
}

/** Names actors; an id that leads to nobody any more is said so. */
export function useActorName(): (actor: Actor) => string {
  const members = useMembers().data?.items;
  const accounts = useServiceAccounts().data?.items;
  const keys = useKeys().data?.items;
  return (actor) => {
    const short = actor.id.slice(0, 8);
    switch (actor.kind) {
      case "user": {
        const found = members?.find((one) => one.user_id === actor.id);
        return found ? found.name || found.email : members ? t("removedPerson") : `${t("kindUser")} ${short}`;
      }
      case "service_account":
        return accounts?.find((one) => one.service_account_id === actor.id)?.name ?? `${t("kindServiceAccount")} ${short}`;
      case "key":
        return `${t("kindKey")} ${keys?.find((one) => one.key_id === actor.id)?.name || short}`;
      case "app":
        return `${t("kindApp")} ${short}`;
      default:
        return t("system");
    }
  };
}

export function ActorName({ actor, nameOf }: { actor: Actor; nameOf: (actor: Actor) => string }) {
  return <span title={`${actor.kind}:${actor.id}`}>{nameOf(actor)}</span>;
}
