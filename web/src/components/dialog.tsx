/** Dialogs above the page: the browser's own `<dialog>`, which keeps focus inside and gives it back. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { common } from "~/i18n/common";
import { Button, IconButton } from "./button";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
  /** Without a way out: Escape does not close it. */
  firm?: boolean;
}

export function Dialog({ title, onClose, children, wide, firm }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!firm) onClose();
      }}
      onMouseDown={(event) => {
        if (!firm && event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-box">
        <header>
          <h2 id={id}>{title}</h2>
          {!firm && <IconButton label={common("close")} icon="close" onClick={onClose} />}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before what cannot be taken back. `typed`: a word to type first. */
export function ConfirmDialog({ title, text, verb, typed, onConfirm, onClose }: {
  title: string;
  text: ComponentChildren;
  verb: string;
  typed?: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const [word, setWord] = useState("");
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      {typed && (
        <div class="field">
          <input aria-label={typed} placeholder={typed} value={word} onInput={(event) => setWord(event.currentTarget.value)} />
        </div>
      )}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="danger" disabled={typed !== undefined && word !== typed} onClick={() => onConfirm().then(onClose)}>{verb}</Button>
      </div>
    </Dialog>
  );
}
