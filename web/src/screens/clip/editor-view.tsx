/** The editor's view: picture, panels and timeline, and the dialogs above them. */
import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Schemas } from "~/api/client";
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Icon, type IconName } from "~/components/icon";
import { LinkButton } from "~/components/button";
import { Empty, Loading, Notice } from "~/components/states";
import { ShareDialog } from "~/components/share-dialog";
import { common } from "~/i18n/common";
import { to } from "~/routes";
import { may, sessionEnded } from "~/session/session";
import { tell, tellProblem } from "~/state/toasts";
import { ApiProblem } from "~/api/problem";
import type { Editor, Opened, Tab } from "./model/editor";
import { useLiveEdits } from "./model/live";
import { readShots, readSource, readWave, type SourceState, type Wave } from "./model/load";
import { t } from "./messages";
import { CaptionsPanel } from "./panels/captions-panel";
import { CropPanel } from "./panels/crop-panel";
import { ExportDialog } from "./dialogs/export-dialog";
import { FilesPanel } from "./panels/files-panel";
import { HandOverDialog } from "./dialogs/hand-over-dialog";
import { Head } from "./parts/head";
import { HistoryPanel } from "./panels/history-panel";
import { ShortcutsDialog, useShortcuts } from "./parts/shortcuts";
import { SoundPanel } from "./panels/sound-panel";
import { Stage } from "./parts/stage";
import { TextPanel } from "./panels/text-panel";
import { Timeline } from "./parts/timeline";
import { toldActor, toldOperations } from "./parts/told";
import { Transport } from "./parts/transport";

const TABS: { tab: Tab; icon: IconName }[] = [
  { tab: "text", icon: "text" }, { tab: "captions", icon: "brush" }, { tab: "crop", icon: "crop" },
  { tab: "sound", icon: "music" }, { tab: "history", icon: "clock" }, { tab: "files", icon: "film" },
];
/** Sound around the clip that is read with it, for handles that make it longer. */
const AROUND_MS = 30_000;

type Above = "export" | "share" | "hand-over" | "help" | null;

export function EditorView({ editor, opened }: { editor: Editor; opened: Opened }) {
  const [clip, setClip] = useState(opened.clip);
  const [above, setAbove] = useState<Above>(null);
  const canEdit = may("projects:write");
  const members = useMembers();
  const { source, lost } = useSourceFile(editor, clip);
  const wave = useSurroundings(editor, clip);
  useLiveEdits(editor, clip.project_id);
  useSaving(editor, members);
  useShortcuts(editor, canEdit, () => setAbove("help"));
  useEffect(() => {
    document.title = `${clip.title} · Clipstream`;
  }, [clip.title]);
  useEffect(() => () => editor.player.pause(), [editor]);

  if (editor.saver.phase.value === "gone") {
    return <Empty icon="trash" title={t("gone")}><p>{t("goneText")}</p><LinkButton kind="primary" href={to()}>{common("home")}</LinkButton></Empty>;
  }
  return (
    <div class="editor">
      <Head
        editor={editor} clip={clip} canEdit={canEdit} onRenamed={setClip}
        onExport={() => setAbove("export")} onShare={() => setAbove("share")} onHandOver={() => setAbove("hand-over")} onHelp={() => setAbove("help")}
      />
      {!canEdit && <Notice>{t("readOnly")}</Notice>}
      <div class="editor-body">
        <section class="viewer" aria-label={t("preview")}>
          {source ? <Stage editor={editor} source={source} onSourceLost={lost} /> : <div class="stage-area"><Loading /></div>}
          <Transport editor={editor} />
        </section>
        <section class="panel" aria-label={t("editing")}>
          <Tabs editor={editor} />
          <div class="panel-body" role="tabpanel" id="editor-panel" aria-labelledby={`tab-${editor.tab.value}`} tabIndex={0}>
            <Panel editor={editor} clip={clip} canEdit={canEdit} members={members} source={source} onExport={() => setAbove("export")} />
          </div>
        </section>
      </div>
      <Timeline editor={editor} wave={wave} canEdit={canEdit} />
      {above === "help" && <ShortcutsDialog onClose={() => setAbove(null)} />}
      {above === "export" && <ExportDialog editor={editor} clip={clip} onClose={() => setAbove(null)} onAsked={() => { setAbove(null); editor.tab.value = "files"; }} />}
      {above === "hand-over" && <HandOverDialog editor={editor} clip={clip} onClose={() => setAbove(null)} />}
      {above === "share" && <ShareDialog clipIds={[clip.clip_id]} title={clip.title} onClose={() => setAbove(null)} />}
    </div>
  );
}

function Panel({ editor, clip, canEdit, members, source, onExport }: {
  editor: Editor;
  clip: Schemas["Clip"];
  canEdit: boolean;
  members: Schemas["OrganisationMember"][];
  source: SourceState | null;
  onExport: () => void;
}) {
  switch (editor.tab.value) {
    case "text": return <TextPanel editor={editor} canEdit={canEdit} />;
    case "captions": return <CaptionsPanel editor={editor} canEdit={canEdit} />;
    case "crop": return <CropPanel editor={editor} source={source} canEdit={canEdit} />;
    case "sound": return <SoundPanel editor={editor} canEdit={canEdit} />;
    case "history": return <HistoryPanel editor={editor} members={members} canEdit={canEdit} />;
    case "files": return <FilesPanel clipId={clip.clip_id} version={editor.saver.saved.value.version} canEdit={canEdit} onExport={onExport} />;
  }
}

function Tabs({ editor }: { editor: Editor }) {
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = TABS.findIndex((one) => one.tab === editor.tab.value);
    const next = TABS[(at + step + TABS.length) % TABS.length]!.tab;
    editor.tab.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={t("editing")} onKeyDown={walk}>
      {TABS.map(({ tab, icon }) => (
        <button
          key={tab} id={`tab-${tab}`} type="button" role="tab" aria-selected={editor.tab.value === tab} aria-controls="editor-panel"
          tabIndex={editor.tab.value === tab ? 0 : -1} onClick={() => (editor.tab.value = tab)}
        >
          <Icon name={icon} size={18} />
          <span>{t(tab)}</span>
        </button>
      ))}
    </div>
  );
}

function useMembers(): Schemas["OrganisationMember"][] {
  const allowed = may("members:read");
  return useQuery(allowed ? "members" : null, (signal) => call(api.GET("/v1/members", { signal }))).data?.items ?? [];
}

const ASK_SOURCE_MS = 5_000;
const RENEW_AT_MOST_EVERY_MS = 10_000;

/** The file to play: a better one takes its place while the player rests, and an address that has run out is asked for again. */
function useSourceFile(editor: Editor, clip: Schemas["Clip"]): { source: SourceState | null; lost: () => void } {
  const [source, setSource] = useState<SourceState | null>(null);
  const [attempt, setAttempt] = useState(0);
  const renewed = useRef(0);
  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => (timer = setTimeout(read, ASK_SOURCE_MS));
    const take = (next: SourceState, isFirst: boolean) => {
      if (next.preparing) again();
      else if (!isFirst && editor.player.playing.peek()) return void again();
      setSource((old) => (isFirst || old?.file?.kind !== next.file?.kind ? next : old));
    };
    let isFirst = true;
    const read = () => {
      readSource(clip, control.signal).then(
        (next) => {
          take(next, isFirst);
          isFirst = false;
        },
        (error: unknown) => !control.signal.aborted && setSource({ file: null, preparing: false, detail: error instanceof ApiProblem ? error.detail : null }),
      );
    };
    read();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [clip.clip_id, attempt]);
  const lost = () => {
    if (Date.now() - renewed.current < RENEW_AT_MOST_EVERY_MS) return;
    renewed.current = Date.now();
    setAttempt((old) => old + 1);
  };
  return { source, lost };
}

function useSurroundings(editor: Editor, clip: Schemas["Clip"]): Wave | null {
  const [wave, setWave] = useState<Wave | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const pieces = editor.edit.peek().segments;
    const from = Math.min(...pieces.map((piece) => piece.start_ms)) - AROUND_MS;
    const until = Math.min(editor.durationMs, Math.max(...pieces.map((piece) => piece.end_ms)) + AROUND_MS);
    void readShots(clip.project_id, control.signal).then((shots) => (editor.shots.value = shots));
    void readWave(clip.project_id, from, until, control.signal).then(setWave);
    return () => control.abort();
  }, [editor]);
  return wave;
}

/** Tells what others did, goes on after a break, and asks before the page is left with something unsaved. */
function useSaving(editor: Editor, members: Schemas["OrganisationMember"][]): void {
  const { saver } = editor;
  useEffect(() => {
    saver.onNews = ({ kind, versions, problem }) => {
      if (kind === "refused") {
        if (problem) tellProblem(new ApiProblem({ ...problem.body, detail: t("refused", { detail: problem.detail || problem.title }) }));
        return;
      }
      if (kind === "nothing") return tell(t("nothingFound"));
      const who = toldActor(versions[0], members);
      const what = toldOperations(versions);
      const text = t(kind, { who, what, version: saver.saved.peek().version });
      if (kind === "dropped") tellProblem(new ApiProblem({ title: text, status: 412, code: "edit-changed", detail: text }));
      else tell(text);
    };
  }, [saver, members]);
  useEffect(() => {
    const resume = () => saver.resume();
    const stay = (event: BeforeUnloadEvent) => {
      editor.settle();
      if (!saver.isClean) event.preventDefault();
    };
    const stop = effect(() => {
      if (!sessionEnded.value) resume();
    });
    window.addEventListener("online", resume);
    window.addEventListener("beforeunload", stay);
    return () => {
      stop();
      window.removeEventListener("online", resume);
      window.removeEventListener("beforeunload", stay);
      editor.settle();
      void saver.flush();
    };
  }, [saver]);
}
