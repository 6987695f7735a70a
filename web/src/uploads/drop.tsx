/** Files dropped anywhere on a screen, and the button that picks them. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { Button, type ButtonKind } from "~/components/button";
import { Icon, type IconName } from "~/components/icon";
import { to } from "~/routes";
import { tell, tellProblem } from "~/state/toasts";
import { t } from "./messages";
import "./uploads.css";

export const ACCEPT = "video/*,audio/*,.mkv,.mts,.m2ts,.mxf,.ts,.flv,.vob";

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

type Taker = (files: File[]) => void;

const takers: Taker[] = [];

/** A screen that takes dropped files itself, while it is shown. */
export function useDrops(take: Taker): void {
  const newest = useRef(take);
  newest.current = take;
  useLayoutEffect(() => {
    const own: Taker = (files) => newest.current(files);
    takers.push(own);
    return () => void takers.splice(takers.indexOf(own), 1);
  }, []);
}

/** While files are dragged over the window a veil says where they go; a drop anywhere goes to the screen that takes it, else to `onFiles`. */
export function DropAnywhere({ onFiles }: { onFiles: Taker }) {
  const [over, setOver] = useState(false);
  const newest = useRef(onFiles);
  newest.current = onFiles;
  useEffect(() => {
    let depth = 0;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const hover = (event: DragEvent) => carriesFiles(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) (takers.at(-1) ?? newest.current)(files);
    };
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", hover);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", hover);
      removeEventListener("drop", drop);
    };
  }, []);
  if (!over) return null;
  return (
    <div class="drop-veil" aria-hidden="true">
      <div>
        <Icon name="upload" size={44} />
        <p><strong>{t("dropHere")}</strong></p>
        <p>{t("dropHint")}</p>
      </div>
    </div>
  );
}

/** Takes files to a new project, from whatever screen; what is no media is told. */
export function useNewFiles(): (files: File[]) => void {
  const { route } = useLocation();
  return useCallback((files) => {
    const add = async () => {
      const [{ addFiles }, { refusalOf }] = await Promise.all([import("./engine"), import("./refusals")]);
      for (const refused of await addFiles(files)) tell(refusalOf(refused));
    };
    add().catch(tellProblem);
    route(`${to("new")}?from=files`);
  }, [route]);
}

/** A button that opens the browser's choice of files. */
export function FileButton({ label, kind = "primary", icon = "upload", small, multiple = true, accept = ACCEPT, onFiles, children }: {
  label?: string;
  kind?: ButtonKind;
  icon?: IconName;
  small?: boolean;
  multiple?: boolean;
  accept?: string;
  onFiles: (files: File[]) => void;
  children: ComponentChildren;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        multiple={multiple}
        accept={accept}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
      <Button kind={kind} icon={icon} {...(small ? { small } : {})} {...(label ? { "aria-label": label } : {})} onClick={() => input.current?.click()}>{children}</Button>
    </>
  );
}
