/** Files of brand kits: the list of all, and the choice of one. */
import { api, call } from "~/api/client";
import { usePages } from "~/api/pages";
import { invalidate, useQuery } from "~/api/query";
import { IconButton } from "~/components/button";
import { Select } from "~/components/fields";
import { Badge, Empty, type Tone } from "~/components/states";
import { PagedTable } from "~/components/table";
import { ago, bytes, duration } from "~/i18n";
import { common } from "~/i18n/common";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import type { Asset, AssetKind } from "./kit";
import { t } from "./messages";
import { UploadButton } from "./upload";

export const ASSET_KINDS: readonly AssetKind[] = ["image", "font", "video", "music"];
const TONES: Record<Asset["state"], Tone> = { received: "active", checked: "good", refused: "bad" };

/** The newest files of all kinds, as choices and for the drawing. */
export function useAssets() {
  return useQuery("brand-assets/newest", (signal) => call(api.GET("/v1/assets", { params: { query: { limit: 100 } }, signal })));
}

export function AssetSelect({ kind, label, value, none, assets, disabled, onChange }: {
  kind: AssetKind;
  label: string;
  value: string | null | undefined;
  none: string;
  assets: Map<string, Asset>;
  disabled: boolean;
  onChange: (assetId: string | null) => void;
}) {
  const usable = [...assets.values()].filter((one) => one.kind === kind && one.state === "checked");
  const choices = usable.map((one) => ({ value: one.asset_id, label: one.name || one.family || one.asset_id.slice(0, 8) }));
  // A file that is set aside stays where the kit has it.
  if (value && !usable.some((one) => one.asset_id === value)) choices.push({ value, label: value.slice(0, 8) });
  return (
    <div class="asset-select">
      <Select label={label} value={value ?? ""} disabled={disabled} choices={[{ value: "", label: none }, ...choices]} onChange={(next) => onChange(next || null)} />
      {!disabled && <UploadButton kind={kind} onDone={(asset) => onChange(asset.asset_id)} />}
    </div>
  );
}

function facts(one: Asset): string {
  const size = one.width_px ? `${one.width_px} × ${one.height_px}` : one.duration_ms ? duration(one.duration_ms) : one.family ? `${one.family} ${one.style}` : "";
  return [size, one.size_bytes ? bytes(one.size_bytes) : ""].filter(Boolean).join(" · ");
}

export function Files() {
  const read = useAssets();
  const pages = usePages<Asset>(`assets/${read.data?.items[0]?.asset_id ?? ""}`, (cursor, signal) => call(api.GET("/v1/assets", { params: { query: { cursor, limit: 50 } }, signal })));
  const archive = async (one: Asset) => {
    await call(api.DELETE("/v1/assets/{asset_id}", { params: { path: { asset_id: one.asset_id } } }));
    pages.update((items) => items.filter((other) => other.asset_id !== one.asset_id));
    invalidate("brand-assets");
    tell(t("fileArchived"));
  };
  return (
    <>
      <p>{t("filesText")}</p>
      {may("brand:write") && (
        <ul class="plain upload-kinds">
          {ASSET_KINDS.map((kind) => <li key={kind} class="card"><strong>{t(`kind_${kind}`)}</strong><small>{t(`takes_${kind}`)}</small><UploadButton kind={kind} /></li>)}
        </ul>
      )}
      <PagedTable
        caption={t("files")}
        pages={pages}
        keyOf={(one) => one.asset_id}
        empty={<Empty icon="brush" title={t("noFiles")}><p>{t("noFilesText")}</p></Empty>}
        columns={[
          { title: common("name"), cell: (one) => <span class="row">{one.kind === "image" && one.url && <img class="asset-thumb" src={one.url} alt="" loading="lazy" width={48} height={32} />}<span>{one.name}</span></span> },
          { title: t("kind"), cell: (one) => t(`kind_${one.kind}`) },
          { title: common("state"), cell: (one) => <><Badge tone={TONES[one.state]}>{t(`state_${one.state}`)}</Badge>{one.refusal && <p class="hint" lang="en">{one.refusal.detail}</p>}</> },
          { title: t("size"), cell: facts },
          { title: common("created"), cell: (one) => ago(one.created_at) },
          { title: "", cell: (one) => may("brand:write") && <IconButton small label={t("archiveFile", { name: one.name })} icon="trash" onClick={() => archive(one)} /> },
        ]}
      />
    </>
  );
}
