/** The row below the picture. */
import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconButton } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { clock as clockText, number } from "~/i18n";
import type { PlayerClock } from "./clock";
import { RATES } from "./keys";
import { t } from "./messages";

interface Props {
  clock: PlayerClock;
  durationMs: number;
  disabled: boolean;
  fullScreen: () => void;
  extra?: ComponentChildren;
  compact?: boolean | undefined;
}

export function Controls({ clock, durationMs, disabled, fullScreen, extra, compact }: Props) {
  const [isAsking, ask] = useState(false);
  const playing = clock.playing.value;
  const speed = clock.speed.value;
  return (
    <div class="player-controls">
      <Place clock={clock} durationMs={durationMs} />
      <div class="player-row">
        <IconButton small label={playing ? t("pause") : t("play")} icon={playing ? "pause" : "play"} aria-keyshortcuts="Space" disabled={disabled} onClick={() => clock.toggle()} />
        {!compact && <IconButton small class="player-frames" label={t("frameBack")} icon="left" aria-keyshortcuts="Comma" disabled={disabled} onClick={() => clock.step(-1)} />}
        {!compact && <IconButton small class="player-frames" label={t("frameOn")} icon="right" aria-keyshortcuts="Period" disabled={disabled} onClick={() => clock.step(1)} />}
        <Time clock={clock} durationMs={durationMs} />
        {playing && speed !== clock.rate.value && <output class="player-speed">{t("shuttling", { speed: number(speed) })}</output>}
        {clock.waiting.value && playing && <span class="spinner" aria-hidden="true" />}
        <span class="spread" />
        {extra}
        <select class="player-rate" aria-label={t("rate")} value={String(clock.rate.value)} onChange={(event) => clock.setRate(Number(event.currentTarget.value))}>
          {RATES.map((rate) => <option key={rate} value={String(rate)}>{t("rateOf", { rate })}</option>)}
        </select>
        <span class="player-sound">
          <IconButton small class={clock.muted.value ? "off" : ""} label={clock.muted.value ? t("unmute") : t("mute")} icon="sound" aria-keyshortcuts="M" aria-pressed={clock.muted.value} onClick={() => clock.setMuted(!clock.muted.value)} />
          <input type="range" min={0} max={1} step={0.05} aria-label={t("volume")} value={clock.muted.value ? 0 : clock.volume.value} onInput={(event) => clock.setVolume(Number(event.currentTarget.value))} />
        </span>
        {!compact && <IconButton small class="player-help" label={t("keys")} icon="info" onClick={() => ask(true)} />}
        <IconButton small label={t("fullScreen")} icon="expand" aria-keyshortcuts="F" onClick={fullScreen} />
      </div>
      {isAsking && <Keys onClose={() => ask(false)} />}
    </div>
  );
}

/** The place in tenths of a second: what is read, not drawn, need not change with each frame. */
function useTenths(clock: PlayerClock): number {
  return useComputed(() => Math.floor(clock.ms.value / 100) * 100).value;
}

function Place({ clock, durationMs }: { clock: PlayerClock; durationMs: number }) {
  const ms = useTenths(clock);
  return (
    <input
      type="range"
      class="player-place"
      min={0}
      max={durationMs}
      step={100}
      value={ms}
      style={{ "--share": durationMs > 0 ? `${(ms / durationMs) * 100}%` : "0%" }}
      aria-label={t("place")}
      aria-valuetext={t("placeOf", { at: clockText(ms), length: clockText(durationMs) })}
      onInput={(event) => clock.seek(Number(event.currentTarget.value))}
    />
  );
}

function Time({ clock, durationMs }: { clock: PlayerClock; durationMs: number }) {
  return <span class="player-time"><span>{clockText(useTenths(clock), true)}</span> / {clockText(durationMs)}</span>;
}

function Keys({ onClose }: { onClose: () => void }) {
  const rows: [string[], Parameters<typeof t>[0]][] = [
    [["Space"], "keySpace"],
    [["J", "K", "L"], "keyJkl"],
    [["←", "→"], "keyArrows"],
    [[",", "."], "keyFrames"],
    [["<", ">"], "keyRates"],
    [["M"], "keyM"],
    [["F"], "keyF"],
  ];
  return (
    <Dialog title={t("keys")} onClose={onClose}>
      <dl class="facts">
        {rows.map(([names, word]) => (
          <>
            <dt>{names.map((name) => <><kbd>{name}</kbd> </>)}</dt>
            <dd>{t(word)}</dd>
          </>
        ))}
      </dl>
    </Dialog>
  );
}
