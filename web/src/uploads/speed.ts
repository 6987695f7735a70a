/** Progress of an upload: its speed over the last seconds, and how often it is shown. */

const WINDOW_MS = 6_000;

export class SpeedMeter {
  private readonly seen: { at: number; bytes: number }[] = [];

  /** Note how many bytes have been sent by now; returns bytes a second, null while too little is known. */
  add(at: number, bytes: number): number | null {
    const last = this.seen.at(-1);
    // A part that is sent again takes bytes back.
    if (last && bytes < last.bytes) this.seen.length = 0;
    this.seen.push({ at, bytes });
    while (this.seen.length > 2 && at - this.seen[0]!.at > WINDOW_MS) this.seen.shift();
    const first = this.seen[0]!;
    return at - first.at < 500 ? null : ((bytes - first.bytes) * 1000) / (at - first.at);
  }
}

/** Shows values at most every `ms`. The last one is always shown, also where none comes after it; `stop` forgets it. */
export class Spaced<T> {
  private shownAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ms: number, private readonly show: (value: T) => void) {}

  tell(value: T): void {
    this.stop();
    const wait = this.shownAt + this.ms - performance.now();
    if (wait > 0) this.timer = setTimeout(() => this.showNow(value), wait);
    else this.showNow(value);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private showNow(value: T): void {
    this.shownAt = performance.now();
    this.show(value);
  }
}
