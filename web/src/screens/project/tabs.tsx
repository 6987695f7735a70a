/** Tabs: one stop of the Tab key, walked by arrows. */
import { useRef } from "preact/hooks";

export interface Tab<T extends string> {
  id: T;
  label: string;
  count?: number | undefined;
}

export function Tabs<T extends string>({ label, tabs, value, onChange }: { label: string; tabs: Tab<T>[]; value: T; onChange: (value: T) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent) => {
    const at = tabs.findIndex((one) => one.id === value);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length]!;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={walk}>
      {tabs.map((one) => (
        <button key={one.id} type="button" role="tab" id={`tab-${one.id}`} aria-selected={one.id === value} aria-controls="tab-panel" tabIndex={one.id === value ? 0 : -1} onClick={() => onChange(one.id)}>
          {one.label}{one.count !== undefined && <small>{one.count}</small>}
        </button>
      ))}
    </div>
  );
}
