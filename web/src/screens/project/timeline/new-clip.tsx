/** Makes a clip of a range that a person marked, or of a moment. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, call } from "~/api/client";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Checkbox, TextField } from "~/components/fields";
import type { TimeRange } from "~/components/player";
import { ProblemNotice } from "~/components/states";
import { clock as clockText } from "~/i18n";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { tell } from "~/state/toasts";
import { keys } from "../data";
import { t } from "../messages";

const SHAPES = ["9:16", "4:5", "1:1", "16:9"] as const;
type Shape = (typeof SHAPES)[number];

export interface Wish {
  range: TimeRange;
  momentId?: string;
}

export function NewClipDialog({ projectId, wish, hasWords, onClose, onMade }: {
  projectId: string;
  wish: Wish;
  hasWords: boolean;
  onClose: () => void;
  onMade: () => void;
}) {
  const { route } = useLocation();
  const [title, setTitle] = useState("");
  const [shapes, setShapes] = useState<Shape[]>([]);
  const [captions, setCaptions] = useState(true);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { startMs, endMs } = wish.range;

  const make = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const body = {
        ...(wish.momentId ? { moment_id: wish.momentId } : { start_ms: Math.round(startMs), end_ms: Math.round(endMs) }),
        title: title.trim(),
        ...(shapes.length > 0 ? { aspects: shapes } : {}),
        ...(hasWords && !captions ? { captions: false } : {}),
      };
      const pending = api.POST("/v1/projects/{project_id}/clips", { params: { path: { project_id: projectId } }, body: body as never });
      const clip = await call(pending);
      const isNew = (await pending).response.status !== 200;
      invalidate(keys.clips(projectId));
      invalidate(keys.project(projectId));
      tell(t(isNew ? "clipMade" : "clipThere"), { label: t("openClip"), run: () => route(to("clips", clip.clip_id)) });
      onMade();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("clipTitle", { from: clockText(startMs, true), to: clockText(endMs, true) })} onClose={onClose}>
      <form onSubmit={make}>
        <TextField label={t("clipName")} hint={t("clipNameHint")} value={title} onInput={setTitle} maxLength={200} autoFocus />
        <fieldset class="plain-fields">
          <legend>{t("clipShapes")}</legend>
          <div class="row">
            {SHAPES.map((shape) => (
              <Checkbox key={shape} label={shape} checked={shapes.includes(shape)} onChange={(checked) => setShapes(checked ? [...shapes, shape] : shapes.filter((one) => one !== shape))} />
            ))}
          </div>
          <p class="hint">{t("shapesHint")}</p>
        </fieldset>
        {hasWords && <Checkbox label={t("clipCaptions")} checked={captions} onChange={setCaptions} />}
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" icon="scissors" busy={busy}>{t("makeClip")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
