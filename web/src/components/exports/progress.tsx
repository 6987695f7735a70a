/** How far a file is: its stage in words, and how long it has taken of what files like it usually take. */
import { useEffect, useState } from "preact/hooks";
import { Progress } from "~/components/states";
import { duration } from "~/i18n";
import { te } from "./messages";
import "./exports.css";

const TICK_MS = 1_000;
/** A file that takes as long as usual is nearly done; that it is done, only the server says. */
const MOST_PERCENT = 95;

interface Props {
  stage: "waiting" | "rendering";
  /** When it was asked for, in ms; null: not known yet. */
  askedAt: number | null;
  /** What such a file usually takes, in ms; null: none was made yet. */
  usualMs: number | null;
}

/** What is told at a moment. `percent` null: nothing is known of how much is left. Pure. */
export function toldProgress({ stage, askedAt, usualMs }: Props, now: number): { text: string; percent: number | null } {
  const words = te(stage === "waiting" ? "stageWaiting" : "stageRendering");
  if (askedAt === null) return { text: words, percent: null };
  const elapsed = Math.max(0, now - askedAt);
  if (usualMs === null) return { text: te("elapsed", { stage: words, elapsed: duration(elapsed) }), percent: null };
  const values = { stage: words, elapsed: duration(elapsed), usual: duration(usualMs) };
  if (elapsed > usualMs) return { text: te("late", values), percent: null };
  return { text: te("ofUsual", values), percent: Math.min(MOST_PERCENT, (elapsed / usualMs) * 100) };
}

export function ExportProgress(props: Props) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const { text, percent } = toldProgress(props, now);
  return (
    <div class="export-progress">
      <Progress value={percent} label={te(props.stage === "waiting" ? "stageWaiting" : "stageRendering")} text={text} />
      <small>{text}</small>
    </div>
  );
}
