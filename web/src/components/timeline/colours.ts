/** The theme's colours as a canvas can use them, read again when the theme changes. */
import { useEffect, useState } from "preact/hooks";
import { highContrast, theme } from "~/state/preferences";
import type { Colours } from "./draw";

function read(): Colours {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const known = new Map<string, string>();
  const of = (name: string) => {
    let found = known.get(name);
    if (found === undefined) {
      document.body.append(probe);
      probe.style.color = name;
      found = getComputedStyle(probe).color;
      known.set(name, found);
      probe.remove();
    }
    return found;
  };
  return {
    ink: of("var(--ink)"),
    soft: of("var(--ink-soft)"),
    line: of("var(--line)"),
    wave: of("var(--wave)"),
    paper: of("var(--paper)"),
    accent: of("var(--accent)"),
    focus: of("var(--focus)"),
    of,
  };
}

export function useColours(): Colours {
  const [colours, setColours] = useState(read);
  const chosen = `${theme.value} ${highContrast.value}`;
  useEffect(() => {
    const again = () => setColours(read());
    again();
    const queries = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"].map((one) => matchMedia(one));
    for (const query of queries) query.addEventListener("change", again);
    return () => queries.forEach((query) => query.removeEventListener("change", again));
  }, [chosen]);
  return colours;
}

const SPEAKERS = ["--speech", "--sound", "--face", "--shot", "--good-ink", "--caution-ink", "--warn-ink"];

/** The colour of the n-th speaker; after seven they come again, darker. */
export function speakerColour(index: number): string {
  const name = `var(${SPEAKERS[index % SPEAKERS.length]!})`;
  return index < SPEAKERS.length ? name : `color-mix(in oklab, ${name} 60%, var(--ink))`;
}
