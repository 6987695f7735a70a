/** A menu below its button: opened by click or arrow, walked by arrows, closed by Escape or a click elsewhere. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export interface MenuItem {
  label: string;
  icon?: IconName;
  href?: string;
  onSelect?: () => void;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
}

export function Menu({ label, button, items, align = "end" }: {
  label: string;
  button: ComponentChildren;
  items: (MenuItem | "line")[];
  align?: "start" | "end";
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  // Before the next key, however fast it comes.
  useLayoutEffect(() => {
    if (!open) return undefined;
    root.current?.querySelector<HTMLElement>("[role^=menuitem]:not([aria-disabled])")?.focus();
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("mousedown", away);
    return () => document.removeEventListener("mousedown", away);
  }, [open]);

  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };
  const walk = (event: KeyboardEvent) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      close();
      return;
    }
    const found = [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled])") ?? [])];
    const at = found.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: found.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (!open) setOpen(true);
    else found[(to + found.length) % found.length]?.focus();
  };
  const choose = (item: MenuItem) => {
    if (item.disabled) return;
    close();
    item.onSelect?.();
  };

  return (
    <div class="menu" ref={root} onKeyDown={walk}>
      <button ref={trigger} type="button" class="menu-button" aria-haspopup="menu" aria-expanded={open} aria-label={label} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <div role="menu" aria-label={label} class={`menu-list ${align}`}>
          {items.map((item, at) => {
            if (item === "line") return <hr key={at} />;
            const content = (
              <>
                {item.checked !== undefined ? <span class="menu-check">{item.checked && <Icon name="check" size={16} />}</span> : item.icon && <Icon name={item.icon} size={16} />}
                {item.label}
              </>
            );
            const role = item.checked !== undefined ? "menuitemradio" : "menuitem";
            const shared = { role, tabIndex: -1, class: item.danger ? "danger" : "", "aria-checked": item.checked, "aria-disabled": item.disabled || undefined } as const;
            return item.href ? (
              <a key={item.label} {...shared} href={item.href} onClick={() => setOpen(false)}>{content}</a>
            ) : (
              <button key={item.label} type="button" {...shared} onClick={() => choose(item)}>{content}</button>
            );
          })}
        </div>
      )}
    </div>
  );
}
