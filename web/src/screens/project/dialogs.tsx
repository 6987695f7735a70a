/** Questions before what cannot be taken back, and the tags. */
import { useState } from "preact/hooks";
import { api, call } from "~/api/client";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import { keys, type Project } from "./data";
import { change } from "./head";
import { t } from "./messages";

const MOST_TAGS = 20;

export function EraseDialog({ project, onClose, onErased }: { project: Project; onClose: () => void; onErased: () => void }) {
  const erase = async () => {
    await call(api.DELETE("/v1/projects/{project_id}", { params: { path: { project_id: project.project_id } } }));
    tell(t("erased"));
    onErased();
  };
  return <ConfirmDialog title={t("eraseTitle", { title: project.title })} text={t("eraseText")} verb={t("erase")} typed={t("eraseWord")} onConfirm={erase} onClose={onClose} />;
}

export function CancelDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const cancel = async () => {
    await call(api.POST("/v1/projects/{project_id}/cancel", { params: { path: { project_id: project.project_id } } }));
    tell(t("cancelAsked"));
    invalidate(keys.project(project.project_id));
  };
  return <ConfirmDialog title={t("cancelTitle")} text={t("cancelText")} verb={t("cancelProject")} onConfirm={cancel} onClose={onClose} />;
}

export function TagsDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const [text, setText] = useState(project.tags.join(", "));
  const [problem, setProblem] = useState<unknown>(null);
  const save = async (event: Event) => {
    event.preventDefault();
    const tags = [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))].slice(0, MOST_TAGS);
    try {
      await change(project, { tags });
      tell(t("tagsChanged"));
      onClose();
    } catch (error) {
      setProblem(error);
      invalidate(keys.project(project.project_id));
    }
  };
  return (
    <Dialog title={t("editTags")} onClose={onClose}>
      <form onSubmit={save}>
        <TextField label={t("tags")} hint={t("tagsHint")} value={text} onInput={setText} autoFocus />
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit">{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
