/** Buttons and links that look like them. A busy button keeps its width and says what it does. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { tellProblem } from "~/state/toasts";
import { Icon, type IconName } from "./icon";

export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

interface Props {
  type?: "button" | "submit";
  class?: string;
  disabled?: boolean | undefined;
  title?: string;
  form?: string;
  autoFocus?: boolean;
  "aria-label"?: string;
  "aria-expanded"?: boolean;
  "aria-pressed"?: boolean;
  "aria-controls"?: string;
  "aria-keyshortcuts"?: string;
  kind?: ButtonKind;
  icon?: IconName;
  small?: boolean;
  busy?: boolean;
  /** May return a promise: the button is busy until it ends, and a refusal is told. */
  onClick?: (event: MouseEvent) => unknown;
  children?: ComponentChildren;
}

export function Button({ kind = "plain", icon, small, busy, onClick, children, disabled, type = "button", ...rest }: Props) {
  const [running, setRunning] = useState(false);
  const isBusy = busy || running;
  const press = (event: MouseEvent) => {
    const result = onClick?.(event);
    if (!(result instanceof Promise)) return;
    setRunning(true);
    result.catch(tellProblem).finally(() => setRunning(false));
  };
  return (
    <button
      {...rest}
      type={type}
      class={`button ${kind}${small ? " small" : ""} ${rest.class ?? ""}`}
      disabled={disabled || isBusy}
      aria-busy={isBusy || undefined}
      onClick={press}
    >
      {isBusy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={small ? 16 : 18} />}
      {children}
    </button>
  );
}

/** A button that shows a picture only; `label` is what it is called. */
export function IconButton({ label, icon, ...rest }: Omit<Props, "children" | "icon"> & { label: string; icon: IconName }) {
  return <Button kind="quiet" {...rest} icon={icon} class={`icon-only ${rest.class ?? ""}`} aria-label={label} title={label} />;
}

export function LinkButton({ href, kind = "plain", icon, small, children, ...rest }: {
  href: string;
  kind?: ButtonKind;
  icon?: IconName;
  small?: boolean;
  download?: string | boolean;
  target?: "_blank" | "_self";
  title?: string;
  children?: ComponentChildren;
}) {
  return (
    <a {...rest} class={`button ${kind}${small ? " small" : ""}`} href={href}>
      {icon && <Icon name={icon} size={small ? 16 : 18} />}
      {children}
    </a>
  );
}
