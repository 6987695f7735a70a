/** Which notifications reach you, by mail and by push. */
import { api, call, type Schemas } from "~/api/client";
import { setQuery, useQuery } from "~/api/query";
import { Card } from "~/components/page";
import { Loading, ProblemNotice } from "~/components/states";
import { Table } from "~/components/table";
import { session } from "~/session/session";
import { tellProblem } from "~/state/toasts";
import { Browsers } from "./browsers";
import { t } from "./messages";

type Preference = Schemas["Preference"];

const KINDS: Record<string, Parameters<typeof t>[0]> = {
  "clips.ready": "clipsReady",
  "project.finished": "projectFinished",
  "project.failed": "projectFailed",
  "export.failed": "exportFailed",
  "quota.near": "quotaNear",
  "quota.reached": "quotaReached",
  "webhook.disabled": "webhookDisabled",
  "invitation.accepted": "invitationAccepted",
  "key.expiring": "keyExpiring",
  "payment.failed": "paymentFailed",
  "sign-in.new-device": "newDevice",
};
const KEY = "account/notifications";

export function Notifications() {
  const orgId = session.value?.account?.org_id ?? "";
  const { data, problem, reload } = useQuery(`${KEY}/${orgId}`, (signal) => call(api.GET("/v1/account/notifications", { signal })));
  if (problem && !data) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <Loading />;
  const nameOf = (one: Preference) => (KINDS[one.kind] ? t(KINDS[one.kind]!) : one.title);
  const put = (items: Preference[]) => setQuery<Schemas["PreferenceList"]>(`${KEY}/${orgId}`, () => ({ items }));
  // Shown at once: a refusal puts the old choice back.
  const choose = async (kind: Preference["kind"], change: Partial<Pick<Preference, "mail" | "push">>) => {
    const before = data.items;
    put(before.map((one) => (one.kind === kind ? { ...one, ...change } : one)));
    try {
      put((await call(api.PATCH("/v1/account/notifications", { body: { items: [{ kind, ...change }] } }))).items);
    } catch (error) {
      put(before);
      tellProblem(error);
    }
  };
  const mail = (one: Preference) =>
    one.mail_choices.length < 2 ? <span class="hint">{t("always")}</span> : (
      <select aria-label={t("mailOf", { kind: nameOf(one) })} value={one.mail} onChange={(event) => void choose(one.kind, { mail: event.currentTarget.value as Preference["mail"] })}>
        {one.mail_choices.map((choice) => <option key={choice} value={choice}>{t(choice)}</option>)}
      </select>
    );
  return (
    <>
      <Card title={t("kinds")}>
        <p class="lead">{t("lead", { name: session.value?.account?.org_name ?? "–" })}</p>
        <div class="matrix">
          <Table
            caption={t("kinds")}
            rows={data.items}
            keyOf={(one) => one.kind}
            columns={[
              { title: t("kind"), cell: (one) => <div>{nameOf(one)}{one.org_id === null && <div class="hint">{t("account")}</div>}</div> },
              { title: t("mail"), cell: mail },
              {
                title: t("push"),
                cell: (one) => (
                  <label class="row">
                    <input type="checkbox" role="switch" aria-label={t("pushOf", { kind: nameOf(one) })} checked={one.push === "on"} onChange={(event) => void choose(one.kind, { push: event.currentTarget.checked ? "on" : "off" })} />
                    {t(one.push)}
                  </label>
                ),
              },
            ]}
          />
        </div>
      </Card>
      <Browsers />
    </>
  );
}
