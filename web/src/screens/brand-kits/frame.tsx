/** A frame of a clip that the server draws with a saved version of the kit: exactly what an export shows. */
import { useEffect, useState } from "preact/hooks";
import { api, call, fetchWithSession } from "~/api/client";
import { problemOf } from "~/api/problem";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Select } from "~/components/fields";
import { Card } from "~/components/page";
import { Loading, ProblemNotice } from "~/components/states";
import type { Aspect } from "./kit";
import { t } from "./messages";

const LOOK_AGAIN_MS = 1_000;
const MOST_LOOKS = 90;
const INTO_CLIP_MS = 1_500;

/** Clips of the newest finished project: something to try the kit on. */
async function readClips(signal: AbortSignal) {
  const projects = await call(api.GET("/v1/projects", { params: { query: { state: "completed", limit: 5 } }, signal }));
  for (const project of projects.items) {
    const clips = await call(api.GET("/v1/projects/{project_id}/clips", { params: { path: { project_id: project.project_id } }, signal }));
    if (clips.items.length > 0) return clips.items;
  }
  return [];
}

/** The picture of a path that answers with it, or with where it will be. */
async function readFrame(clipId: string, kitId: string, version: number, aspect: Aspect): Promise<string> {
  const init = {
    method: "POST",
    headers: { "Content-Type": "application/json", "Clipstream-Client": "web" },
    body: JSON.stringify({ aspect, options: { brand: { kit_id: kitId, version } } }),
  };
  let answer = await fetchWithSession(new Request(new URL(`/v1/clips/${clipId}/preview?at_ms=${INTO_CLIP_MS}`, location.origin), init));
  const place = answer.status === 202 ? `/v1/previews/${((await answer.json()) as { preview_id: string }).preview_id}` : null;
  for (let look = 0; place !== null && look < MOST_LOOKS; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    answer = await fetchWithSession(new Request(new URL(place, location.origin)));
    // Until it is there the answer names a time to ask again.
    if (answer.ok || !answer.headers.has("retry-after")) break;
  }
  if (!answer.ok || !answer.headers.get("content-type")?.startsWith("image/")) throw problemOf(answer, await answer.json().catch(() => null));
  return URL.createObjectURL(await answer.blob());
}

export function ServerFrame({ kitId, version, aspect, changed }: { kitId: string; version: number; aspect: Aspect; changed: boolean }) {
  const clips = useQuery("brand-kits/clips", readClips);
  const [clipId, setClipId] = useState("");
  const [picture, setPicture] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => () => URL.revokeObjectURL(picture), [picture]);
  useEffect(() => setPicture(""), [version, aspect]);
  const chosen = clipId || clips.data?.[0]?.clip_id;
  const make = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setPicture(await readFrame(chosen!, kitId, version, aspect));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={t("frame")}>
      <p class="hint">{t("frameText")}</p>
      {clips.data?.length === 0 && <p>{t("noClip")}</p>}
      {chosen && (
        <>
          <Select label={t("frameClip")} value={chosen} choices={(clips.data ?? []).map((one) => ({ value: one.clip_id, label: one.title }))} onChange={setClipId} />
          {changed && <p class="hint">{t("saveFirst")}</p>}
          <Button small icon="eye" busy={busy} onClick={() => void make()}>{t("makeFrame")}</Button>
        </>
      )}
      {busy && <Loading label={t("framing")} />}
      {problem !== null && <ProblemNotice problem={problem} />}
      {picture && <img class="kit-drawing" src={picture} alt={t("frameAlt")} />}
    </Card>
  );
}
