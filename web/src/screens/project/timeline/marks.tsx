/** A range that a person marks for a clip: by I and O while it plays, by a drag, or of words. */
import { useEffect } from "preact/hooks";
import { Button, IconButton } from "~/components/button";
import { isTyping, type PlayerClock, type TimeRange } from "~/components/player";
import { clock as clockText, duration } from "~/i18n";
import { may } from "~/session/session";
import { t } from "../messages";

export const SHORTEST_MS = 3_000;
export const LONGEST_MS = 180_000;
const USUAL_MS = 30_000;

/** The range after I or O at a place; the other end stays where it can. */
export function marked(range: TimeRange | null, end: "start" | "end", ms: number, durationMs: number): TimeRange {
  if (end === "start") {
    const old = range && range.endMs > ms + SHORTEST_MS ? range.endMs : ms + USUAL_MS;
    const startMs = Math.max(0, Math.min(ms, durationMs - SHORTEST_MS));
    return { startMs, endMs: Math.min(durationMs, startMs + LONGEST_MS, Math.max(old, startMs + SHORTEST_MS)) };
  }
  const old = range && range.startMs < ms - SHORTEST_MS ? range.startMs : ms - USUAL_MS;
  const endMs = Math.min(durationMs, Math.max(ms, SHORTEST_MS));
  return { startMs: Math.max(0, endMs - LONGEST_MS, Math.min(old, endMs - SHORTEST_MS)), endMs };
}

export function useMarkKeys(mark: (end: "start" | "end") => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const key = event.key.toLowerCase();
      if (key !== "i" && key !== "o") return;
      event.preventDefault();
      mark(key === "i" ? "start" : "end");
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [mark]);
}

export function MarkTools({ range, clock, onMark, onClear, onMake }: {
  range: TimeRange | null;
  clock: PlayerClock;
  onMark: (end: "start" | "end") => void;
  onClear: () => void;
  onMake: () => void;
}) {
  if (!may("projects:write")) return null;
  return (
    <>
      <Button small kind="quiet" aria-keyshortcuts="I" onClick={() => onMark("start")}>{t("markStart")} <kbd>{t("markHint")}</kbd></Button>
      <Button small kind="quiet" aria-keyshortcuts="O" onClick={() => onMark("end")}>{t("markEnd")} <kbd>{t("markHintEnd")}</kbd></Button>
      {range ? (
        <span class="mark-range" role="status">
          <span class="numeric">{t("range", { from: clockText(range.startMs, true), to: clockText(range.endMs, true), length: duration(range.endMs - range.startMs) })}</span>
          <IconButton small label={t("playRange")} icon="play" onClick={() => clock.playRange(range)} />
          <IconButton small label={t("clear")} icon="close" onClick={onClear} />
          <Button small kind="primary" icon="scissors" onClick={onMake}>{t("makeClip")}</Button>
        </span>
      ) : <span class="hint mark-help">{t("rangeHelp")}</span>}
    </>
  );
}
