/** A native `<video>` with controls of our own: every one has a key, and the place is the clock's. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "~/components/icon";
import { ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import type { PlayerClock } from "./clock";
import { Controls } from "./controls";
import { playerKey } from "./keys";
import { t } from "./messages";
import type { PlayerSource } from "./source";
import "./player.css";

export interface PlayerProps {
  /** Made by `usePlayerClock`; the parts beside the player read and move it. */
  clock: PlayerClock;
  /** What `useSource` gave, or an own file: `{state: "ready", url, offsetMs: 0, …}`. */
  source: PlayerSource;
  durationMs: number;
  /** What plays, for who cannot see it. */
  label: string;
  /** Keys work anywhere on the page (default), not in fields, dialogs and menus. */
  keys?: boolean;
  /** Lies over the picture: captions, a crop. It is as large as the picture and lets the pointer through unless it says otherwise. */
  overlay?: ComponentChildren;
  /** Further controls at the end of the row. */
  extra?: ComponentChildren;
  /** Shown while no picture is there: a thumbnail. */
  poster?: string | null;
  /** Smaller: fewer controls in the row. */
  compact?: boolean;
}

const RENEWED_AT_MOST_EVERY_MS = 4_000;

export function Player({ clock, source, durationMs, label, keys = true, overlay, extra, poster, compact }: PlayerProps) {
  const box = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [broken, setBroken] = useState(false);
  const goesOn = useRef(false);
  const renewedAt = useRef(0);
  const { url, offsetMs } = source;
  const [seen, setSeen] = useState<number | null>(null);
  const shape = seen ?? (source.widthPx && source.heightPx ? source.widthPx / source.heightPx : 16 / 9);

  useEffect(() => {
    clock.durationMs.value = durationMs;
  }, [clock, durationMs]);
  useEffect(() => (video.current ? clock.attach(video.current, offsetMs) : undefined), [clock, offsetMs, url === null]);
  useEffect(() => {
    const element = video.current;
    if (!element || url === null) return undefined;
    setBroken(false);
    element.src = url;
    return () => {
      goesOn.current = clock.playing.peek();
      element.removeAttribute("src");
      element.load();
    };
  }, [clock, url, source.renewed]);

  const fullScreen = useCallback(() => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void box.current?.requestFullscreen().catch(() => undefined);
  }, []);
  useEffect(() => {
    if (!keys) return undefined;
    const press = (event: KeyboardEvent) => {
      if (playerKey(event, clock, fullScreen)) event.preventDefault();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [keys, clock, fullScreen]);

  const failed = () => {
    if (!video.current?.getAttribute("src")) return;
    goesOn.current = clock.playing.peek();
    if (Date.now() - renewedAt.current < RENEWED_AT_MOST_EVERY_MS) return setBroken(true);
    renewedAt.current = Date.now();
    source.renew(); // most often the URL has ended
  };
  const ratio = shape.toFixed(4);
  return (
    <section class={`player${compact ? " compact" : ""}`} ref={box} aria-label={label || t("player")}>
      <div class="player-stage" onClick={(event) => (event.target as Element).closest(".player-frame") && url && clock.toggle()}>
        <div class="player-frame" style={{ aspectRatio: ratio, "--ratio": String(shape) }}>
          <video
            ref={video}
            playsInline
            preload="auto"
            tabIndex={-1}
            aria-label={label}
            poster={poster ?? undefined}
            onLoadedMetadata={(event) => {
              const { videoWidth, videoHeight } = event.currentTarget;
              if (videoWidth > 0) setSeen(videoWidth / videoHeight);
              clock.restore(goesOn.current);
              goesOn.current = false;
            }}
            onError={failed}
          />
          {url && !source.hasPicture && <p class="player-words"><Icon name="music" size={40} />{t("soundOnly")}</p>}
          {overlay && url && <div class="player-overlay">{overlay}</div>}
          <Words source={source} broken={broken} />
        </div>
      </div>
      <Controls clock={clock} durationMs={durationMs} disabled={url === null} fullScreen={fullScreen} extra={extra} compact={compact} />
      {source.isSlow && <p class="player-note hint" role="status">{t("slow")}</p>}
    </section>
  );
}

/** What stands in place of a picture that is not there. */
function Words({ source, broken }: { source: PlayerSource; broken: boolean }) {
  if (broken) return <div class="player-words"><Icon name="warning" size={32} /><p>{t("broken")}</p><button type="button" class="button small" onClick={(event) => { event.stopPropagation(); source.renew(); }}>{common("retry")}</button></div>;
  if (source.url !== null) return null;
  if (source.state === "loading") return <p class="player-words"><span class="spinner" aria-hidden="true" /></p>;
  if (source.problem && source.problem.status !== 404) return <div class="player-words"><ProblemNotice problem={source.problem} onRetry={source.renew} /></div>;
  const word = source.state === "preparing" ? t(source.reason === "project-running" ? "preparingAfter" : "preparing") : source.state === "unavailable" ? t("unavailable") : t("none");
  return (
    <div class="player-words" role="status">
      {source.state === "preparing" ? <span class="spinner" aria-hidden="true" /> : <Icon name="film" size={32} />}
      <p>{word}</p>
      {source.state === "unavailable" && source.detail && <p class="hint">{source.detail}</p>}
    </div>
  );
}
