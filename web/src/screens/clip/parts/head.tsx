/** The editor's head: what the clip is called, whether all is saved, the way back, and out to a file. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { Button, IconButton } from "~/components/button";
import { Icon, type IconName } from "~/components/icon";
import { Menu } from "~/components/menu";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { tellProblem } from "~/state/toasts";
import type { Editor } from "../model/editor";
import { redoVersion, undoVersion } from "../model/history";
import type { Phase } from "../model/saver";
import { t } from "../messages";

export function Head({ editor, clip, canEdit, onRenamed, onExport, onShare, onHandOver, onHelp }: {
  editor: Editor;
  clip: Schemas["Clip"];
  canEdit: boolean;
  onRenamed: (clip: Schemas["Clip"]) => void;
  onExport: () => void;
  onShare: () => void;
  onHandOver: () => void;
  onHelp: () => void;
}) {
  const steps = editor.steps.value;
  const { saver } = editor;
  const mayUndo = undoVersion(steps) !== null || !saver.isClean;
  return (
    <header class="editor-head">
      <a class="button quiet icon-only" href={to("projects", clip.project_id)} aria-label={t("project")} title={t("project")}><Icon name="left" /></a>
      <Title clip={clip} canEdit={canEdit} onRenamed={onRenamed} />
      <SaveState editor={editor} />
      <span class="spread" />
      {canEdit && (
        <div class="row tight">
          <IconButton label={mayUndo ? t("undo") : t("nothingUndo")} icon="undo" aria-keyshortcuts="Control+Z" disabled={!mayUndo} onClick={() => editor.undo()} />
          <IconButton label={t("redo")} icon="redo" aria-keyshortcuts="Control+Shift+Z" disabled={redoVersion(steps) === null} onClick={() => editor.redo()} />
        </div>
      )}
      {canEdit && <Button icon="share" onClick={onShare}>{t("share")}</Button>}
      {canEdit && <Button kind="primary" icon="download" onClick={onExport}>{t("exportClip")}</Button>}
      <Menu
        label={t("moreActions")}
        button={<Icon name="dots" />}
        items={[
          { label: t("handOver"), icon: "film", onSelect: onHandOver },
          { label: t("shortcuts"), icon: "info", onSelect: onHelp },
        ]}
      />
    </header>
  );
}

function Title({ clip, canEdit, onRenamed }: { clip: Schemas["Clip"]; canEdit: boolean; onRenamed: (clip: Schemas["Clip"]) => void }) {
  const [text, setText] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const open = useRef(false);
  const takesFocus = useRef(false);
  useLayoutEffect(() => {
    if (text === null && takesFocus.current) button.current?.focus();
    takesFocus.current = false;
  }, [text]);
  // A field that goes away loses the focus once more: it is ended once.
  const end = (saves: boolean, byKey: boolean) => {
    if (!open.current) return;
    open.current = false;
    takesFocus.current = byKey;
    setText(null);
    if (saves) void save();
  };
  const save = async () => {
    const title = text?.trim();
    if (!title || title === clip.title) return;
    const path = { clip_id: clip.clip_id };
    try {
      const fresh = await call(api.GET("/v1/clips/{clip_id}", { params: { path } }));
      onRenamed(await call(api.PATCH("/v1/clips/{clip_id}", {
        params: { path, header: { "If-Match": `"clip-${fresh.revision}"` } },
        body: { title },
      })));
    } catch (error) {
      tellProblem(error);
    }
  };
  if (text === null) {
    return (
      <h1 class="editor-title ellipsis" title={clip.title}>
        {canEdit ? <button type="button" class="rename" ref={button} aria-label={`${clip.title} – ${t("rename")}`} onClick={() => { open.current = true; setText(clip.title); }}><span class="ellipsis">{clip.title}</span><Icon name="pencil" size={16} /></button> : clip.title}
      </h1>
    );
  }
  return (
    <form class="rename-form" onSubmit={(event) => { event.preventDefault(); end(true, true); }}>
      <input
        aria-label={t("title")}
        value={text}
        maxLength={200}
        ref={(input) => input?.focus()}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={() => end(true, false)}
        onKeyDown={(event) => event.key === "Escape" && end(false, true)}
      />
      <Button small type="submit">{common("save")}</Button>
    </form>
  );
}

const ICONS: Record<Phase, IconName> = { saved: "check", waiting: "clock", saving: "clock", offline: "warning", "signed-out": "warning", gone: "warning" };

function SaveState({ editor }: { editor: Editor }) {
  const { saver } = editor;
  const phase = saver.phase.value;
  const told: Record<Phase, string> = {
    saved: t("saved", { version: saver.saved.value.version }),
    waiting: t("waiting"),
    saving: t("saving"),
    offline: t("offlineState", { count: saver.pendingCount }),
    "signed-out": t("signedOutState"),
    gone: t("gone"),
  };
  const isBad = phase === "offline" || phase === "signed-out" || phase === "gone";
  return (
    <span class={`save-state${isBad ? " bad" : ""}`} role="status">
      {phase === "saving" ? <span class="spinner" aria-hidden="true" /> : <Icon name={ICONS[phase]} size={16} />}
      {told[phase]}
    </span>
  );
}
