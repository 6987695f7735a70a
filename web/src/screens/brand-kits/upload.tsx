/** Uploads a file for brand kits and waits until it is checked. */
import { useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { lostProblem, problemOf } from "~/api/problem";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { tell, tellProblem } from "~/state/toasts";
import type { Asset, AssetKind } from "./kit";
import { t } from "./messages";

const LOOK_AGAIN_MS = 1_000;
const LONGEST_CHECK_MS = 180_000;

export const ACCEPTED: Record<AssetKind, string> = {
  image: "image/png,image/jpeg,image/webp",
  font: ".ttf,.otf,.woff,.woff2",
  video: "video/*",
  music: "audio/*",
};

async function put(url: string, headers: HeadersInit, body: Blob): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(url, { method: "PUT", headers, body });
  } catch {
    throw lostProblem();
  }
  if (!answer.ok) throw problemOf(answer, null);
  return answer.headers.get("etag") ?? "";
}

/** Send the bytes: one PUT, or one for each part of a large file. */
async function send(file: File, signed: Schemas["SignedUpload"]): Promise<void> {
  if (signed.method === "put" && signed.url) {
    await put(signed.url, signed.headers ?? {}, file);
    return;
  }
  const size = signed.part_size_bytes ?? file.size;
  const parts: { number: number; etag: string }[] = [];
  for (const { number, url } of signed.parts ?? []) {
    parts.push({ number, etag: await put(url, {}, file.slice((number - 1) * size, number * size)) });
  }
  await call(api.POST("/v1/uploads/{upload_id}/complete", { params: { path: { upload_id: signed.upload_id } }, body: { parts } }));
}

async function checked(asset: Asset): Promise<Asset> {
  const end = Date.now() + LONGEST_CHECK_MS;
  let now = asset;
  while (now.state === "received" && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    now = await call(api.GET("/v1/assets/{asset_id}", { params: { path: { asset_id: asset.asset_id } } }));
  }
  return now;
}

export function UploadButton({ kind, onDone }: { kind: AssetKind; onDone?: (asset: Asset) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [doing, setDoing] = useState("");
  const upload = async (file: File) => {
    setDoing(t("uploading", { name: file.name }));
    try {
      const signed = await call(api.POST("/v1/uploads/sign", { body: { filename: file.name, size_bytes: file.size, purpose: kind } }));
      await send(file, signed);
      setDoing(t("checking", { name: file.name }));
      const asset = await checked(await call(api.POST("/v1/assets", { body: { upload_id: signed.upload_id, name: file.name } })));
      invalidate("brand-assets");
      if (asset.state === "refused") {
        tellProblem(new Error(t("refused", { name: file.name, reason: asset.refusal?.detail ?? "" })));
      } else {
        tell(t("checked", { name: file.name }));
        onDone?.(asset);
      }
    } catch (error) {
      tellProblem(error);
    } finally {
      setDoing("");
    }
  };
  return (
    <span class="asset-upload">
      <Button small icon="upload" busy={doing !== ""} aria-label={t("uploadTo", { what: t(`kind_${kind}`) })} title={t(`takes_${kind}`)} onClick={() => input.current?.click()}>{t("upload")}</Button>
      <input
        ref={input}
        type="file"
        hidden
        accept={ACCEPTED[kind]}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) void upload(file);
        }}
      />
      <span class="hint" role="status">{doing}</span>
    </span>
  );
}
