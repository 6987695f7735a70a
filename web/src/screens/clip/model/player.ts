/**
 * Plays the changed clip from the source: segment after segment, and stops at its end.
 *
 * Two video elements take turns. While one plays a segment, the other has sought the start of the next, so that a cut is
 * not seen as a pause. All positions are read from the video that plays, so what is drawn over it keeps its clock.
 */
import { signal } from "@preact/signals";
import { keepPlace, lengthOf, outputOf, placeAt, type Piece, type Place } from "./clock";

/** A frame or so before a segment's end, so that no picture behind a cut flashes up. */
const EARLY_MS = 18;
const TOUCHING_MS = 2;
const RATES = [1, 2, 4, 8];

export class ClipPlayer {
  readonly outputMs = signal(0);
  readonly playing = signal(false);
  /** Rate of the shuttle; below 0 backwards. */
  readonly rate = signal(1);
  readonly waiting = signal(false);
  readonly front = signal<0 | 1>(0);
  readonly volume = signal(1);
  /** Index of the segment that is shown. */
  readonly index = signal(0);
  private videos: HTMLVideoElement[] = [];
  private pieces: readonly Piece[] = [];
  private offsetMs = 0;
  private frame = 0;
  private lastTick = 0;
  private stopMs: number | null = null;

  /** `offsetMs`: time of the source at the file's start. Returns what detaches. */
  attach(videos: HTMLVideoElement[], offsetMs: number): () => void {
    this.videos = videos;
    this.offsetMs = offsetMs;
    const step = () => this.step();
    const wait = (event: Event) => event.target === this.video && (this.waiting.value = true);
    const go = () => (this.waiting.value = false);
    for (const video of videos) {
      video.addEventListener("timeupdate", step);
      video.addEventListener("waiting", wait);
      video.addEventListener("playing", go);
      video.addEventListener("canplay", go);
    }
    this.seek(this.outputMs.peek());
    return () => {
      this.pause();
      for (const video of videos) {
        video.removeEventListener("timeupdate", step);
        video.removeEventListener("waiting", wait);
        video.removeEventListener("playing", go);
        video.removeEventListener("canplay", go);
      }
      this.videos = [];
    };
  }

  private get video(): HTMLVideoElement | undefined {
    return this.videos[this.front.peek()];
  }

  get lengthMs(): number {
    return lengthOf(this.pieces);
  }

  get place(): Place {
    return placeAt(this.pieces, Math.min(this.outputMs.peek(), this.lengthMs));
  }

  /** Another version of the edit: what is shown stays where it still plays. */
  setPieces(pieces: readonly Piece[]): void {
    if (pieces === this.pieces) return;
    const before = this.pieces.length > 0 ? this.place : null;
    this.pieces = pieces;
    const to = before ? keepPlace(before, pieces) : 0;
    const place = placeAt(pieces, to);
    if (this.playing.peek() && before && Math.abs(place.sourceMs - before.sourceMs) < 30) {
      this.index.value = place.index;
      this.prepare();
      return;
    }
    this.seek(to);
  }

  seek(outputMs: number): void {
    const to = Math.min(Math.max(0, outputMs), this.lengthMs);
    this.stopMs = null;
    this.outputMs.value = to;
    const place = placeAt(this.pieces, to);
    this.index.value = place.index;
    const video = this.video;
    const piece = this.pieces[place.index];
    if (!video || !piece) return;
    // The last moment of the clip shows its last picture, not the first one behind it.
    show(video, Math.min(place.sourceMs, piece.end_ms - EARLY_MS) - this.offsetMs);
    this.tune(video, piece);
    this.prepare();
    if (this.playing.peek() && this.rate.peek() > 0) this.run(video);
  }

  toggle(): void {
    if (this.playing.peek()) this.pause();
    else this.play();
  }

  play(): void {
    this.shuttle(1);
  }

  /** Play a range of the clip and stop. */
  playRange(fromMs: number, toMs: number): void {
    this.pause();
    this.seek(fromMs);
    this.play();
    this.stopMs = toMs;
  }

  /** Play at a rate; backwards where it is below 0. */
  shuttle(rate: number): void {
    const video = this.video;
    if (!video || this.pieces.length === 0) return;
    if (rate > 0 && this.outputMs.peek() >= this.lengthMs - EARLY_MS) this.seek(0);
    this.rate.value = rate;
    this.playing.value = true;
    this.lastTick = performance.now();
    const piece = this.pieces[this.index.peek()];
    if (rate > 0 && piece) {
      this.tune(video, piece);
      this.run(video);
    } else {
      video.pause();
    }
    this.loop();
  }

  /** J and L: faster with each press, and from the other direction to the slowest rate. */
  faster(direction: 1 | -1): void {
    const rate = this.playing.peek() ? this.rate.peek() : 0;
    const at = rate * direction > 0 ? RATES.indexOf(Math.abs(rate)) + 1 : 0;
    this.shuttle(direction * RATES[Math.min(at, RATES.length - 1)]!);
  }

  pause(): void {
    for (const video of this.videos) video.pause();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.playing.value = false;
    this.waiting.value = false;
    this.rate.value = 1;
  }

  setVolume(volume: number): void {
    this.volume.value = volume;
    const piece = this.pieces[this.index.peek()];
    if (this.video && piece) this.tune(this.video, piece);
  }

  private run(video: HTMLVideoElement): void {
    // A play that a pause or another source overtakes is no fault.
    video.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.pause();
    });
  }

  private tune(video: HTMLVideoElement, piece: Piece): void {
    video.playbackRate = Math.min(16, Math.max(0.1, piece.speed * Math.abs(this.rate.peek())));
    video.muted = piece.muted || this.volume.peek() === 0;
    video.volume = Math.min(1, this.volume.peek() * 10 ** (piece.gain_db / 20));
  }

  private loop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (!this.playing.peek()) return;
      this.step();
      if (this.playing.peek()) this.loop();
    });
  }

  private step(): void {
    if (!this.playing.peek()) return;
    const now = performance.now();
    const passed = now - this.lastTick;
    this.lastTick = now;
    if (this.rate.peek() < 0) this.stepBack(passed);
    else this.stepOn();
  }

  private stepBack(passedMs: number): void {
    const to = this.outputMs.peek() + this.rate.peek() * passedMs;
    if (to <= 0) {
      this.seek(0);
      this.pause();
      return;
    }
    this.outputMs.value = to;
    const video = this.video;
    if (!video || video.seeking) return;
    const place = placeAt(this.pieces, to);
    this.index.value = place.index;
    show(video, place.sourceMs - this.offsetMs);
  }

  private stepOn(): void {
    const video = this.video;
    const piece = this.pieces[this.index.peek()];
    if (!video || !piece || video.seeking) return;
    const sourceMs = video.currentTime * 1000 + this.offsetMs;
    if (sourceMs >= piece.end_ms - EARLY_MS || video.ended) {
      this.next(piece);
      return;
    }
    this.outputMs.value = outputOf(piece, sourceMs);
    if (this.stopMs !== null && this.outputMs.peek() >= this.stopMs) this.pause();
  }

  private next(piece: Piece): void {
    const following = this.pieces[this.index.peek() + 1];
    if (!following) {
      this.pause();
      this.outputMs.value = this.lengthMs;
      return;
    }
    this.index.value += 1;
    if (Math.abs(following.start_ms - piece.end_ms) > TOUCHING_MS) this.swap(following);
    else if (this.video) this.tune(this.video, following);
    this.outputMs.value = following.output_start_ms;
    this.prepare();
  }

  private swap(piece: Piece): void {
    const old = this.video;
    this.front.value = this.front.peek() === 0 ? 1 : 0;
    const video = this.video;
    if (!video) return;
    const to = (piece.start_ms - this.offsetMs) / 1000;
    if (Math.abs(video.currentTime - to) > 0.04) video.currentTime = Math.max(0, to);
    this.tune(video, piece);
    this.run(video);
    old?.pause();
  }

  /** Let the video behind seek to where the next cut goes. */
  private prepare(): void {
    const behind = this.videos[this.front.peek() === 0 ? 1 : 0];
    const piece = this.pieces[this.index.peek()];
    const following = this.pieces[this.index.peek() + 1];
    if (!behind || !piece || !following) return;
    if (Math.abs(following.start_ms - piece.end_ms) > TOUCHING_MS) show(behind, following.start_ms - this.offsetMs);
  }
}

function show(video: HTMLVideoElement, ms: number): void {
  const to = Math.max(0, ms) / 1000;
  if (Math.abs(video.currentTime - to) > 0.001) video.currentTime = to;
}
