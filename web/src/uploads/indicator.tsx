/** A small word in the page's head about files on their way; the rest of uploads is loaded only when it is needed. */
import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso";
import { percent } from "~/i18n";
import { to } from "~/routes";
import { may, session } from "~/session/session";
import { t } from "~/uploads/indicator-messages";
import { isMoving, openUploads, shareOf } from "~/uploads/model";
import { Icon } from "~/components/icon";
import "./indicator.css";

export function UploadIndicator() {
  const { path } = useLocation();
  const orgId = session.value?.account?.org_id ?? null;
  const writes = may("projects:write");
  useEffect(() => {
    void import("~/uploads/engine").then((engine) => (orgId && writes ? engine.openUploadsOf(orgId) : engine.closeUploads()));
  }, [orgId, writes]);

  const list = openUploads.value;
  if (list.length === 0 || path === to("new")) return null;
  const moving = list.filter(isMoving);
  const share = percent(shareOf(list));
  const label = moving.length > 0 ? t("indicator", { count: moving.length, share }) : t("indicatorAsks", { count: list.length });
  return (
    <a class={`upload-indicator${moving.length > 0 ? "" : " asks"}`} href={to("new")} title={label} aria-label={label}>
      <Icon name={moving.length > 0 ? "upload" : "warning"} size={16} />
      <span>{moving.length > 0 ? share : list.length}</span>
    </a>
  );
}
