/** What can be done with a project from its card, and the dialogs of it. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";
import { invalidate } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { Icon } from "~/components/icon";
import { Menu, type MenuItem } from "~/components/menu";
import { ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may } from "~/session/session";
import { tell } from "~/state/toasts";
import { t } from "./messages";
import { isAtWork, type Card } from "./model";

export type CardAction = "rename" | "tags" | "cancel" | "retry" | "erase";

export function CardMenu({ card, onAction }: { card: Card; onAction: (action: CardAction, card: Card) => void }) {
  const act = (action: CardAction) => () => onAction(action, card);
  const items: (MenuItem | "line")[] = [{ label: common("open"), icon: "film", href: to("projects", card.project_id) }];
  if (may("projects:write")) {
    items.push({ label: t("rename"), icon: "pencil", onSelect: act("rename") }, { label: t("tags"), icon: "tag", onSelect: act("tags") });
    if (isAtWork(card)) items.push({ label: t("cancelWork"), icon: "stop", onSelect: act("cancel") });
    if (card.state === "failed") items.push({ label: t("retry"), icon: "redo", onSelect: act("retry") });
    items.push("line", { label: t("erase"), icon: "trash", danger: true, onSelect: act("erase") });
  }
  return <Menu label={t("actionsOf", { title: card.title || common("untitled") })} button={<Icon name="dots" />} items={items} />;
}

type Update = (change: (cards: Card[]) => Card[]) => void;

function change(card: Card, body: Schemas["ChangeProject"]): Promise<Schemas["Project"]> {
  return call(
    api.PATCH("/v1/projects/{project_id}", {
      params: { path: { project_id: card.project_id }, header: { "If-Match": `"project-${card.revision}"` } },
      body,
    }),
  );
}

export async function retryProject(card: Card, update: Update): Promise<void> {
  await call(api.POST("/v1/projects/{project_id}/retry", { params: { path: { project_id: card.project_id } }, body: {} }));
  update((cards) => cards.map((one) => (one.project_id === card.project_id ? { ...one, state: "queued", failure: null, finished_at: null } : one)));
  invalidate("attention");
  tell(t("retried"));
}

function EditDialog({ card, what, onClose, update }: { card: Card; what: "rename" | "tags"; onClose: () => void; update: Update }) {
  const [value, setValue] = useState(what === "rename" ? card.title : card.tags.join(", "));
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const body = what === "rename" ? { title: value.trim() } : { tags: value.split(",").map((tag) => tag.trim()).filter(Boolean) };
    try {
      const saved = await change(card, body);
      update((cards) => cards.map((one) => (one.project_id === card.project_id ? { ...one, title: saved.title, tags: saved.tags, revision: saved.revision } : one)));
      tell(common("saved"));
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={what === "rename" ? t("renameTitle") : t("tagsTitle", { title: card.title || common("untitled") })} onClose={onClose}>
      <form onSubmit={save}>
        {what === "rename" ? (
          <TextField label={t("newTitle")} value={value} onInput={setValue} maxLength={300} autoFocus />
        ) : (
          <TextField label={t("tagsField")} hint={t("tagsHint")} value={value} onInput={setValue} autoFocus />
        )}
        {problem !== null && (asProblem(problem).status === 412 ? <p class="error" role="alert">{t("changedElsewhere")}</p> : <ProblemNotice problem={problem} />)}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function CardDialog({ card, action, onClose, update }: { card: Card; action: CardAction; onClose: () => void; update: Update }) {
  const path = { project_id: card.project_id };
  if (action === "rename" || action === "tags") return <EditDialog card={card} what={action} onClose={onClose} update={update} />;
  if (action === "erase") {
    const word = t("eraseWord");
    const erase = async () => {
      await call(api.DELETE("/v1/projects/{project_id}", { params: { path } }));
      update((cards) => cards.filter((one) => one.project_id !== card.project_id));
      invalidate("attention");
      tell(t("erased"));
    };
    return <ConfirmDialog title={t("eraseTitle")} text={t("eraseText", { title: card.title || common("untitled"), word })} verb={t("erase")} typed={word} onConfirm={erase} onClose={onClose} />;
  }
  const cancel = async () => {
    await call(api.POST("/v1/projects/{project_id}/cancel", { params: { path } }));
    update((cards) => cards.map((one) => (one.project_id === card.project_id ? { ...one, state: "cancelled" } : one)));
    tell(t("cancelled2"));
  };
  return <ConfirmDialog title={t("cancelTitle")} text={t("cancelText", { title: card.title || common("untitled") })} verb={t("cancelVerb")} onConfirm={cancel} onClose={onClose} />;
}
