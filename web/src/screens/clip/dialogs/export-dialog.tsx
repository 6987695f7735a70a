/** What files of this clip to make. One request for each platform. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { countFiles, ExportForm, firstWish, optionsOf, shapesOf } from "~/components/exports/form";
import { te } from "~/components/exports/messages";
import { useUsualTime } from "~/components/exports/usual-time";
import { TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { duration } from "~/i18n";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import type { Editor } from "../model/editor";
import { requestOf } from "../model/look";
import { tf } from "../file-messages";

export function ExportDialog({ editor, clip, onClose, onAsked }: { editor: Editor; clip: Schemas["Clip"]; onClose: () => void; onAsked: () => void }) {
  const look = editor.look.value;
  const lengthMs = editor.edit.value.length_ms;
  const [wish, setWish] = useState(() => firstWish(look.aspect));
  const [title, setTitle] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const count = countFiles(wish);
  const usual = useUsualTime(clip.exports, count);

  const ask = async () => {
    setProblem(null);
    try {
      await editor.saver.flush();
      const { aspect: _, options, ...rest } = requestOf(look);
      const wanted = { ...rest, aspects: shapesOf(wish), title: title.trim(), edit_version: editor.saver.saved.peek().version };
      for (const one of optionsOf(wish, options ?? {})) {
        await call(api.POST("/v1/clips/{clip_id}/exports", { params: { path: { clip_id: clip.clip_id } }, body: { ...wanted, options: one } }));
      }
      invalidate(`clip-files/${clip.clip_id}`);
      tell(te("asked", { count }));
      onAsked();
    } catch (error) {
      setProblem(error);
    }
  };

  return (
    <Dialog title={tf("title")} onClose={onClose} wide>
      <ExportForm wish={wish} onChange={setWish} lengthsMs={[lengthMs]} captions={look.captions} onCaptions={(captions) => editor.setLook({ captions })} captionsHint={tf("captionsHint")}>
        <TextField label={tf("fileTitle")} hint={tf("fileTitleHint")} value={title} onInput={setTitle} maxLength={200} placeholder={clip.title} />
      </ExportForm>
      <p class="hint">{tf("length", { length: duration(lengthMs) })} {usual !== null && tf("estimate", { time: duration(usual), count })} {!editor.saver.isClean && tf("unsaved")}</p>
      {problem !== null && <ProblemNotice problem={problem} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="primary" icon="download" disabled={count === 0} onClick={ask}>{te("make", { count })}</Button>
      </div>
    </Dialog>
  );
}
