/** Parts of one screen, each with an address of its own. */
import { useEffect, useRef } from "preact/hooks";
import "./tabs.css";

export interface Tab {
  id: string;
  label: string;
  href: string;
}

export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen the tabs are a strip that is pushed sideways.
    const [strip, here] = [root.current?.querySelector("ul"), root.current?.querySelector<HTMLElement>("[aria-current]")];
    if (strip && here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }, [current]);
  return (
    <nav ref={root} class="page-tabs" aria-label={label}>
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
