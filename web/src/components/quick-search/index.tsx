/** A quick search in the shell's head, opened by "/" or Ctrl-K; its dialog is loaded when it is first opened. */
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { Icon, type IconName } from "~/components/icon";
import { to } from "~/routes";
import { may } from "~/session/session";
import { t } from "./messages";
import "./quick-search.css";

export interface Screen {
  label: string;
  href: string;
  icon: IconName;
}

export interface DialogProps {
  screens: Screen[];
  onClose: () => void;
}

/** Whether somebody is writing: keys without Ctrl are letters then. */
function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

export function QuickSearch({ screens }: { screens: Screen[] }) {
  const { path } = useLocation();
  const [dialog, setDialog] = useState<{ Dialog: FunctionComponent<DialogProps> } | null>(null);
  const open = () => void import("./search-dialog").then(({ SearchDialog }) => setDialog({ Dialog: SearchDialog }));
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const isShortcut = (event.key === "k" && (event.ctrlKey || event.metaKey) && !event.altKey) || (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting(event.target));
      if (!isShortcut || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      const field = path === to("search") && event.key === "/" ? document.querySelector<HTMLInputElement>("main input[type=search]") : null;
      if (field) field.focus();
      else open();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [path]);
  useEffect(() => setDialog(null), [path]);
  if (!may("projects:read")) return null;
  return (
    <>
      <button type="button" class="quick-search-button" aria-keyshortcuts="/ Control+K" onClick={open}>
        <Icon name="search" size={18} />
        <span class="quick-search-hint">{t("hint")}</span>
        <kbd aria-hidden="true">/</kbd>
      </button>
      {dialog && <dialog.Dialog screens={screens} onClose={() => setDialog(null)} />}
    </>
  );
}
