/** Share links: what they show, until when, how often they were opened; ended or changed here. */
import { useState } from "preact/hooks";
import { usePages } from "~/api/pages";
import { Button, IconButton, LinkButton } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Segmented } from "~/components/fields";
import { Page } from "~/components/page";
import { MadeDialog } from "~/components/share-dialog";
import { changeShare, readShares, revokeShare, type Share, type ShareState } from "~/components/share-dialog/shares";
import { Badge, Empty, Notice, type Tone } from "~/components/states";
import { PagedTable } from "~/components/table";
import { ago, dateTime, number } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { ChangeDialog } from "./change-dialog";
import { t } from "./messages";
import "./shares.css";

const STATES: ShareState[] = ["live", "expired", "revoked", "empty"];
const TONE: Record<ShareState, Tone> = { live: "good", expired: "neutral", revoked: "neutral", empty: "warn" };

type Above = { kind: "change" | "revoke" | "new-link"; share: Share } | { kind: "made"; share: Share } | null;

export default function SharesScreen() {
  const [state, setState] = useState<ShareState | "all">("all");
  const [above, setAbove] = useState<Above>(null);
  const pages = usePages<Share>(`shares/${state}`, (cursor, signal) => readShares(state === "all" ? null : state, cursor, signal));
  const put = (share: Share) => pages.update((items) => items.map((one) => (one.share_id === share.share_id ? share : one)));
  const canWrite = may("projects:write");
  if (pages.problem?.status === 404 && pages.items.length === 0) return <Page title={t("title")}><Notice>{t("unavailable")}</Notice></Page>;
  return (
    <Page title={t("title")} lead={t("lead")}>
      <div class="shares-filter">
        <Segmented
          label={t("filter")} value={state} onChange={setState}
          choices={[{ value: "all", label: t("all") }, ...STATES.map((value) => ({ value, label: t(value) }))]}
        />
      </div>
      <PagedTable
        caption={t("title")}
        pages={pages}
        keyOf={(one) => one.share_id}
        empty={
          state === "all"
            ? <Empty icon="share" title={t("nothing")}><p>{t("nothingText")}</p><LinkButton kind="primary" href={to()}>{common("home")}</LinkButton></Empty>
            : <Empty icon="share" title={t("nothingHere")} />
        }
        columns={[
          { title: t("share"), cell: (one) => <What share={one} /> },
          { title: common("state"), cell: (one) => <Badge tone={TONE[one.state]}>{t(one.state)}</Badge> },
          { title: t("views"), numeric: true, cell: (one) => <>{number(one.views)}<br /><small>{one.last_viewed_at ? t("lastViewed", { when: ago(one.last_viewed_at) }) : t("neverViewed")}</small></> },
          { title: t("expires"), cell: (one) => <span title={dateTime(one.expires_at)}>{ago(one.expires_at)}</span> },
          { title: "", cell: (one) => canWrite && one.state !== "revoked" && <Actions share={one} onChoose={(kind) => setAbove({ kind, share: one })} /> },
        ]}
      />
      {above?.kind === "change" && <ChangeDialog share={above.share} onChanged={put} onClose={() => setAbove(null)} />}
      {above?.kind === "revoke" && (
        <ConfirmDialog
          title={t("revokeTitle")} text={t("revokeText")} verb={t("revoke")} onClose={() => setAbove(null)}
          onConfirm={() => revokeShare(above.share.share_id).then(() => put({ ...above.share, state: "revoked" }))}
        />
      )}
      {above?.kind === "new-link" && (
        <ConfirmDialog
          title={t("newLinkTitle")} text={t("newLinkText")} verb={t("newLinkVerb")} onClose={() => setAbove((now) => (now?.kind === "made" ? now : null))}
          onConfirm={() => changeShare(above.share.share_id, { new_link: true }).then((share) => setAbove({ kind: "made", share }))}
        />
      )}
      {above?.kind === "made" && <MadeDialog share={above.share} onClose={() => setAbove(null)} />}
    </Page>
  );
}

function What({ share }: { share: Share }) {
  const name = share.title || (share.exports.length === 1 ? share.exports[0]!.title : "") || t("untitled");
  const first = share.exports[0];
  return (
    <>
      {first ? <a href={to("exports", first.export_id)}><strong>{name}</strong></a> : <strong>{name}</strong>}
      <br />
      <small>
        {t("clips", { count: share.exports.length })} · {share.allow_download ? t("downloads") : t("noDownloads")}{share.test && ` · ${t("test")}`}
      </small>
    </>
  );
}

function Actions({ share, onChoose }: { share: Share; onChoose: (kind: "change" | "revoke" | "new-link") => void }) {
  return (
    <div class="share-actions" role="group" aria-label={t("actions", { title: share.title || t("untitled") })}>
      <IconButton small label={t("change")} icon="pencil" onClick={() => onChoose("change")} />
      <IconButton small label={t("newLink")} icon="link" onClick={() => onChoose("new-link")} />
      <Button small kind="danger" onClick={() => onChoose("revoke")}>{t("revoke")}</Button>
    </div>
  );
}
