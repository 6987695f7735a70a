/** Says why a word is doubtful, when the pointer or the focus is on it. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { percent } from "~/i18n";
import { may } from "~/session/session";
import { t } from "./messages";
import { doubtsOf, segmentOf, type Transcript } from "./paragraphs";

interface Shown {
  lines: string[];
  x: number;
  y: number;
}

export function Tip({ scroller, transcript }: { scroller: RefObject<HTMLElement | null>; transcript: Transcript }) {
  const [shown, show] = useState<Shown | null>(null);
  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const look = (event: Event) => {
      const element = (event.target as Element).closest<HTMLElement>(".word.doubtful");
      if (!element) return show(null);
      const index = Number(element.dataset["word"]);
      const word = transcript.words[index];
      const segment = transcript.segments[segmentOf(transcript.segments, index)];
      if (!word || !segment) return;
      const place = element.getBoundingClientRect();
      const lines = doubtsOf(word, segment).map((doubt) => t(`doubt_${doubt}`, { percent: percent(word.probability) }));
      show({ lines, x: Math.min(place.left, innerWidth - 300), y: place.bottom + 6 });
    };
    const hide = () => show(null);
    box.addEventListener("mouseover", look);
    box.addEventListener("focusin", look);
    for (const name of ["mouseleave", "focusout", "scroll"]) box.addEventListener(name, hide, { passive: true });
    return () => {
      box.removeEventListener("mouseover", look);
      box.removeEventListener("focusin", look);
      for (const name of ["mouseleave", "focusout", "scroll"]) box.removeEventListener(name, hide);
    };
  }, [scroller, transcript]);
  return (
    <div class="words-tip" role="status" hidden={shown === null} style={shown ? { insetInlineStart: "auto", left: `${Math.max(8, shown.x)}px`, top: `${shown.y}px` } : {}}>
      {shown?.lines.map((line) => <p key={line}>{line}</p>)}
      {shown && may("projects:write") && <p class="hint">{t("doubtHelp")}</p>}
    </div>
  );
}
