/**
 * The place of a player: one clock that the picture drives and that transcript, timeline and editor read.
 *
 * `ms` is project time. While the media plays it follows each frame; while it stands it is exact after each seek. A clock
 * without media keeps the place that was asked for, so that a page can jump before the file is there.
 */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { nextSpeed } from "./shuttle";

export interface TimeRange {
  startMs: number;
  endMs: number;
}

/** Told each frame while playing: a place to go on from instead, `"stop"`, or null to play on. */
export type Guide = (ms: number) => number | "stop" | null;

const DEFAULT_FRAME_MS = 40;
const END_SLACK_MS = 30;

export class PlayerClock {
  readonly ms = signal(0);
  readonly playing = signal(false);
  /** Speed and direction now; negative: backwards. 1 where nothing plays. */
  readonly speed = signal(1);
  /** The rate that a person chose for playing on. */
  readonly rate = signal(1);
  readonly muted = signal(false);
  readonly volume = signal(1);
  readonly durationMs = signal(0);
  readonly waiting = signal(false);
  /** Length of a frame, learned from the frames that were shown. */
  frameMs = DEFAULT_FRAME_MS;
  guide: Guide | null = null;

  private media: HTMLVideoElement | null = null;
  private offsetMs = 0;
  private frame = 0;
  private backAt = 0;
  private lastFrameMs = -1;
  private held: { wasPlaying: boolean } | null = null;
  private until: number | null = null;
  /** Whether the media stands where the clock does: not from the moment its file changes until `restore`. */
  private isPlaced = false;

  /** Follow a media element whose time 0 is `offsetMs` of the project; returns what ends it. */
  attach(media: HTMLVideoElement, offsetMs = 0): () => void {
    this.media = media;
    this.offsetMs = offsetMs;
    this.isPlaced = media.readyState > 0;
    const place = () => {
      if (!media.seeking) this.ms.value = this.now();
    };
    const events: [string, () => void][] = [
      ["play", () => this.started()],
      ["pause", () => this.stopped()],
      ["ended", () => this.stopped()],
      ["seeked", place],
      ["timeupdate", place],
      ["emptied", () => (this.isPlaced = false)],
      ["waiting", () => (this.waiting.value = true)],
      ["playing", () => (this.waiting.value = false)],
      ["canplay", () => (this.waiting.value = false)],
      ["volumechange", () => {
        this.muted.value = media.muted;
        this.volume.value = media.volume;
      }],
    ];
    for (const [name, listener] of events) media.addEventListener(name, listener);
    media.muted = this.muted.peek();
    media.volume = this.volume.peek();
    this.learnFrames(media);
    return () => {
      for (const [name, listener] of events) media.removeEventListener(name, listener);
      cancelAnimationFrame(this.frame);
      this.playing.value = false;
      this.media = null;
    };
  }

  /** Place the media where the clock is, as after its file changed; plays on where it played. */
  restore(play: boolean): void {
    if (!this.media) return;
    this.media.currentTime = Math.max(0, this.ms.peek() - this.offsetMs) / 1000;
    this.isPlaced = true;
    this.media.playbackRate = this.rate.peek();
    if (play) void this.play();
  }

  seek(ms: number): void {
    const end = this.durationMs.peek();
    const to = Math.max(0, end > 0 ? Math.min(ms, end) : ms);
    this.until = null;
    this.ms.value = to;
    if (this.media && this.media.readyState > 0) this.media.currentTime = Math.max(0, to - this.offsetMs) / 1000;
  }

  step(frames: number): void {
    this.pause();
    this.seek(this.ms.peek() + frames * this.frameMs);
  }

  async play(): Promise<void> {
    const media = this.media;
    if (!media) return;
    this.speed.value = this.rate.peek();
    media.playbackRate = this.rate.peek();
    if (this.durationMs.peek() > 0 && this.ms.peek() >= this.durationMs.peek() - END_SLACK_MS) this.seek(0);
    await media.play().catch(() => undefined); // refused before a gesture, or the file changes: the button stays "play"
  }

  /** Play a range and stop at its end. */
  playRange(range: TimeRange): void {
    this.seek(range.startMs);
    this.until = range.endMs;
    void this.play();
  }

  pause(): void {
    this.held = null;
    this.backAt = 0;
    this.media?.pause();
    this.stopped();
  }

  toggle(): void {
    if (this.playing.peek()) this.pause();
    else void this.play();
  }

  /** J, K and L: back, stand, on; each press of the same goes faster. */
  shuttle(key: "j" | "k" | "l"): void {
    const speed = nextSpeed(this.playing.peek() ? this.speed.peek() : 0, key);
    if (speed === 0 || !this.media) return this.pause();
    this.speed.value = speed;
    if (speed > 0) {
      this.backAt = 0;
      this.media.playbackRate = speed;
      void this.media.play().catch(() => undefined);
      return;
    }
    this.media.pause();
    this.playing.value = true;
    this.backAt = performance.now();
    this.tick();
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    if (this.media && this.speed.peek() > 0) {
      this.media.playbackRate = rate;
      this.speed.value = rate;
    }
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    if (this.media) this.media.muted = muted;
  }

  setVolume(volume: number): void {
    this.volume.value = volume;
    if (!this.media) return;
    this.media.volume = volume;
    this.media.muted = volume === 0;
  }

  /** Stand still while somebody types; `release` plays on where it played. */
  hold(): void {
    if (this.held) return;
    const wasPlaying = this.playing.peek();
    this.pause();
    this.held = { wasPlaying };
  }

  release(): void {
    const held = this.held;
    this.held = null;
    if (held?.wasPlaying) void this.play();
  }

  private now(): number {
    // Between two files the element stands at 0, the clock stays where it was.
    return this.media && this.isPlaced && this.media.readyState > 0 ? this.media.currentTime * 1000 + this.offsetMs : this.ms.peek();
  }

  private started(): void {
    this.playing.value = true;
    this.backAt = 0;
    cancelAnimationFrame(this.frame);
    this.tick();
  }

  private stopped(): void {
    if (this.backAt > 0) return;
    this.playing.value = false;
    this.speed.value = 1;
    cancelAnimationFrame(this.frame);
  }

  private readonly tick = (): void => {
    const media = this.media;
    if (!media) return;
    if (this.backAt > 0) this.goBack(media);
    else if (!media.seeking) this.ms.value = this.now();
    this.obey();
    if (this.playing.peek()) this.frame = requestAnimationFrame(this.tick);
  };

  /** Media plays forwards only: backwards is a row of seeks, each when the one before has arrived. */
  private goBack(media: HTMLVideoElement): void {
    if (media.seeking) return;
    const at = performance.now();
    const to = this.ms.peek() + (at - this.backAt) * this.speed.peek();
    this.backAt = at;
    this.ms.value = Math.max(0, to);
    media.currentTime = Math.max(0, to - this.offsetMs) / 1000;
    if (to <= 0) this.pause();
  }

  private obey(): void {
    if (this.until !== null && this.ms.peek() >= this.until) {
      const end = this.until;
      this.pause();
      this.seek(end);
      return;
    }
    const told = this.guide?.(this.ms.peek()) ?? null;
    if (told === "stop") this.pause();
    else if (told !== null) this.seek(told);
  }

  private learnFrames(media: HTMLVideoElement): void {
    if (!("requestVideoFrameCallback" in media)) return;
    const seen = (_: number, shown: VideoFrameCallbackMetadata) => {
      if (this.media !== media) return;
      const ms = shown.mediaTime * 1000;
      const length = ms - this.lastFrameMs;
      if (this.playing.peek() && this.speed.peek() === 1 && length > 8 && length < 110) this.frameMs += (length - this.frameMs) * 0.2;
      this.lastFrameMs = ms;
      media.requestVideoFrameCallback(seen);
    };
    media.requestVideoFrameCallback(seen);
  }
}

/** A clock that lives as long as the part that made it; `durationMs` bounds its seeks. */
export function usePlayerClock(durationMs: number): PlayerClock {
  const [clock] = useState(() => new PlayerClock());
  useEffect(() => {
    clock.durationMs.value = durationMs;
  }, [clock, durationMs]);
  return clock;
}
