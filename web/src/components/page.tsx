/** The frame of a screen: its name in the window's title and at its head, and what can be done there. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export function Page({ title, lead, actions, wide, children }: {
  title: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  /** The whole width: editors and tables. */
  wide?: boolean;
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · Clipstream`;
  }, [title]);
  return (
    <div class={`page${wide ? " wide" : ""}`}>
      <header class="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Card({ title, actions, children }: { title?: string; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="card">
      {(title || actions) && (
        <header class="card-head">
          {title && <h2>{title}</h2>}
          {actions && <div class="page-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}
