/** Keys of the editor. Off in text fields and dialogs, and where a control has the key for itself. */
import { useEffect } from "preact/hooks";
import { Dialog } from "~/components/dialog";
import type { Editor } from "../model/editor";
import { ts } from "../shortcut-messages";
import { zoomBy } from "./timeline";

const FRAME_MS = 40;
const SECOND_MS = 1000;

function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (document.querySelector("dialog[open]")) return true;
  if (target.matches("textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio])")) return true;
  // A focused button keeps the keys that press it, but nothing presses a slider; a slider and a radio keep those that move it.
  if ((event.key === " " || event.key === "Enter") && target.matches("button:not([role=slider]), a, summary, input:not([type=range]), [role=menuitem]")) return true;
  return event.key.startsWith("Arrow") && target.matches("input, [role=slider], [role=option], [role^=menuitem]");
}

export function useShortcuts(editor: Editor, canEdit: boolean, showHelp: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || isTaken(event)) return;
      const run = find(editor, canEdit, showHelp, event);
      if (!run) return;
      event.preventDefault();
      run();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [editor, canEdit]);
}

function find(editor: Editor, canEdit: boolean, showHelp: () => void, event: KeyboardEvent): (() => unknown) | null {
  const { player } = editor;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (!canEdit) return null;
    if (key === "z") return () => (event.shiftKey ? editor.redo() : editor.undo());
    return key === "y" ? () => editor.redo() : null;
  }
  const step = event.shiftKey ? SECOND_MS : FRAME_MS;
  const by = (ms: number) => () => {
    player.pause();
    player.seek(player.outputMs.peek() + ms);
  };
  const always: Record<string, () => unknown> = {
    " ": () => player.toggle(),
    k: () => player.pause(),
    j: () => player.faster(-1),
    l: () => player.faster(1),
    arrowleft: by(-step),
    arrowright: by(step),
    home: () => player.seek(0),
    end: () => player.seek(player.lengthMs),
    "+": () => zoomBy(editor, 2),
    "=": () => zoomBy(editor, 2),
    "-": () => zoomBy(editor, 0.5),
    "0": () => (editor.zoom.value = 1),
    "?": showHelp,
  };
  const editing: Record<string, () => unknown> = {
    i: () => editor.bound("in"),
    o: () => editor.bound("out"),
    s: () => editor.split(),
    delete: () => editor.cut(),
    backspace: () => editor.cut(),
  };
  return always[key] ?? (canEdit ? (editing[key] ?? null) : null);
}

const KEYS: [string[], Parameters<typeof ts>[0]][] = [
  [["Space"], "playPause"],
  [["J", "K", "L"], "shuttle"],
  [["←", "→"], "frame"],
  [["⇧ ←", "⇧ →"], "second"],
  [["Home", "End"], "ends"],
  [["I", "O"], "inOut"],
  [["S"], "split"],
  [["Del"], "cut"],
  [["Enter"], "restore"],
  [["⇧ ←", "⇧ →"], "select"],
  [["Ctrl Z"], "undo"],
  [["Ctrl ⇧ Z"], "redo"],
  [["+", "−", "0"], "zoom"],
  [["?"], "help"],
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={ts("title")} onClose={onClose}>
      <p class="hint">{ts("lead")}</p>
      <dl class="shortcuts">
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{ts(what)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
