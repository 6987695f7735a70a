import { beforeEach, describe, expect, it, vi } from "vitest";
import { placed, type Piece } from "./clock";
import { ClipPlayer } from "./player";

/** As much of a video element as the player uses; its time goes on only as the test says. */
class FakeVideo extends EventTarget {
  currentTime = 0;
  paused = true;
  seeking = false;
  ended = false;
  playbackRate = 1;
  muted = false;
  volume = 1;
  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
  goTo(seconds: number): void {
    this.currentTime = seconds;
    this.dispatchEvent(new Event("timeupdate"));
  }
}

function piece(id: string, start: number, end: number, more: Partial<Piece> = {}): Piece {
  return { segment_id: id, start_ms: start, end_ms: end, speed: 1, muted: false, gain_db: 0, style: null, output_start_ms: 0, output_end_ms: 0, ...more };
}

describe("player", () => {
  let player: ClipPlayer;
  let a: FakeVideo;
  let b: FakeVideo;

  beforeEach(() => {
    vi.stubGlobal("requestAnimationFrame", () => 1);
    vi.stubGlobal("cancelAnimationFrame", () => undefined);
    player = new ClipPlayer();
    [a, b] = [new FakeVideo(), new FakeVideo()];
    player.setPieces(placed([piece("s1", 1000, 3000), piece("s2", 8000, 9000, { speed: 2, muted: true })]));
    player.attach([a, b] as unknown as HTMLVideoElement[], 0);
  });

  it("lets the second video wait at the next cut, and hands over to it", () => {
    expect([a.currentTime, b.currentTime]).toEqual([1, 8]);
    player.play();
    a.goTo(2);
    expect(player.outputMs.value).toBe(1000);
    a.goTo(2.99);
    expect([a.paused, b.paused, player.front.value]).toEqual([true, false, 1]);
    expect([b.playbackRate, b.muted]).toEqual([2, true]);
    b.goTo(8.5);
    expect(player.outputMs.value).toBe(2250);
  });

  it("stops at the end of the changed clip, and begins again from there", () => {
    player.seek(2100);
    player.play();
    a.goTo(8.99);
    expect([player.playing.value, player.outputMs.value]).toEqual([false, 2500]);
    player.play();
    expect(player.outputMs.value).toBe(0);
  });

  it("plays on without a cut where segments touch", () => {
    player.setPieces(placed([piece("s1", 1000, 3000), piece("s2", 3000, 5000, { gain_db: -20 })]));
    player.play();
    a.goTo(2.99);
    expect([player.front.value, player.index.value, a.paused]).toEqual([0, 1, false]);
    expect(a.volume).toBeCloseTo(0.1);
  });

  it("stays at the picture when words before it are cut", () => {
    player.seek(2100);
    player.setPieces(placed([piece("s1", 1000, 2000), piece("s2", 8000, 9000, { speed: 2 })]));
    expect(player.outputMs.value).toBe(1100);
  });

  it("goes faster with each press of the shuttle", () => {
    player.faster(1);
    player.faster(1);
    player.faster(1);
    expect([player.rate.value, a.playbackRate]).toEqual([4, 4]);
    player.faster(-1);
    expect([player.rate.value, a.paused]).toEqual([-1, true]);
    player.pause();
    expect(player.rate.value).toBe(1);
  });
});
