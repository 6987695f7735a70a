/** The clip editor: opens the clip, then hands it to the editor's view. */
import { useRoute } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { asProblem } from "~/api/problem";
import { Page } from "~/components/page";
import { Loading, ProblemNotice } from "~/components/states";
import { EditorView } from "./editor-view";
import { t } from "./messages";
import { Editor, type Opened } from "./model/editor";
import { openClip, portOf } from "./model/load";
import "./clip.css";
import "./panels.css";

type State = { kind: "loading" } | { kind: "failed"; problem: unknown } | { kind: "open"; editor: Editor; opened: Opened };

export default function ClipScreen() {
  const clipId = useRoute().params["id"] ?? "";
  const [state, setState] = useState<State>({ kind: "loading" });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const control = new AbortController();
    setState({ kind: "loading" });
    openClip(clipId, control.signal).then(
      (opened) => setState({ kind: "open", opened, editor: new Editor(opened, portOf(clipId, opened.transcriptVersion)) }),
      (error: unknown) => !control.signal.aborted && setState({ kind: "failed", problem: asProblem(error) }),
    );
    return () => control.abort();
  }, [clipId, attempt]);

  if (state.kind === "loading") return <Loading label={t("loading")} />;
  if (state.kind === "failed") {
    return <Page title={t("look")}><ProblemNotice problem={state.problem} onRetry={() => setAttempt(attempt + 1)} /></Page>;
  }
  return <EditorView key={clipId} editor={state.editor} opened={state.opened} />;
}
