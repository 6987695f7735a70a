/** A file with the cuts for an editing program. */
import { useState } from "preact/hooks";
import { fetchWithSession, type Schemas } from "~/api/client";
import { problemOf } from "~/api/problem";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Select, TextField } from "~/components/fields";
import { Notice, ProblemNotice } from "~/components/states";
import { useSubmit } from "~/components/use-submit";
import { common } from "~/i18n/common";
import type { Editor } from "../model/editor";
import { tf } from "../file-messages";

const FORMATS = ["otio", "fcpxml", "edl", "fcp7"] as const;
type Format = (typeof FORMATS)[number];
const ENDINGS: Record<Format, string> = { otio: "otio", fcpxml: "fcpxml", edl: "edl", fcp7: "xml" };

export function HandOverDialog({ editor, clip, onClose }: { editor: Editor; clip: Schemas["Clip"]; onClose: () => void }) {
  const [format, setFormat] = useState<Format>("otio");
  const [media, setMedia] = useState("");
  const [start, setStart] = useState("");
  const [lost, setLost] = useState<string[]>([]);

  const download = async () => {
    await editor.saver.flush();
    const query = new URLSearchParams({ format, ...(media ? { media } : {}), ...(start ? { start } : {}) });
    const response = await fetchWithSession(new Request(new URL(`/v1/clips/${clip.clip_id}/edit/handover?${query}`, location.origin)));
    if (!response.ok) throw problemOf(response, await response.json().catch(() => null));
    const warnings = response.headers.get("clipstream-warnings");
    setLost(warnings ? (JSON.parse(warnings) as string[]) : []);
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? `clip.${ENDINGS[format]}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  const { busy, problem, submit, wrong } = useSubmit(download);
  const wrongStart = wrong("?start");
  return (
    <Dialog title={tf("handTitle")} onClose={onClose}>
      <p>{tf("handText")}</p>
      <Select label={tf("program")} value={format} choices={FORMATS.map((value) => ({ value, label: tf(value) }))} onChange={(next) => { setFormat(next); setLost([]); }} />
      <TextField label={tf("media")} hint={tf("mediaHint")} value={media} onInput={setMedia} placeholder="talk.mov" />
      <TextField label={tf("startCode")} error={wrongStart} value={start} onInput={setStart} placeholder="00:00:00:00" />
      {lost.length > 0 && <Notice kind="warn"><p>{tf("lost")}</p><ul>{lost.map((one) => <li key={one}>{one}</li>)}</ul></Notice>}
      {problem && !wrongStart && <ProblemNotice problem={problem} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("close")}</Button>
        <Button kind="primary" icon="download" busy={busy} onClick={() => submit()}>{tf("download")}</Button>
      </div>
    </Dialog>
  );
}
