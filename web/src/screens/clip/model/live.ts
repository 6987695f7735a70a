/** What happens to this clip elsewhere: told by the live events, and asked for now and then where they do not come through. */
import { useEffect } from "preact/hooks";
import { listen } from "~/api/events";
import { api, call } from "~/api/client";
import { asProblem } from "~/api/problem";
import type { Editor } from "./editor";

const ASK_MS = 10_000;

export function useLiveEdits(editor: Editor, projectId: string): void {
  useEffect(() => {
    const hear = (version: number) => void editor.saver.hear(version).catch(() => undefined);
    const stop = listen("/v1/events", ["clip.edited", "project.changed"], (_, data) => {
      if (data["clip_id"] === editor.clipId) hear(Number(data["edit_version"]));
      if (data["project_id"] === projectId && data["state"] === "erased") editor.saver.phase.value = "gone";
    });
    const timer = setInterval(() => {
      if (document.visibilityState !== "visible" || editor.saver.phase.peek() !== "saved") return;
      call(api.GET("/v1/clips/{clip_id}/edit", { params: { path: { clip_id: editor.clipId }, query: { fields: "version" } } })).then(
        (edit) => hear(edit.version),
        (error: unknown) => {
          const { status } = asProblem(error);
          if (status === 404 || status === 410) editor.saver.phase.value = "gone";
        },
      );
    }, ASK_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [editor, projectId]);
}
