/** Parts of one screen, each with an address of its own. */
import "./tabs.css";

export interface Tab {
  id: string;
  label: string;
  href: string;
}

export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      <ul>
        {tabs.map((tab) => (
          <li key={tab.id}>
            <a href={tab.href} aria-current={tab.id === current ? "page" : undefined}>{tab.label}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
