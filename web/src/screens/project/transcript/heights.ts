/** Heights of a list's rows, guessed until they are measured: where each row stands, and which ones are in view. */
export class Heights {
  private readonly heights: number[];
  private tops: Float64Array;
  private staleFrom = 0;

  constructor(guesses: readonly number[]) {
    this.heights = [...guesses];
    this.tops = new Float64Array(guesses.length + 1);
  }

  get count(): number {
    return this.heights.length;
  }

  get total(): number {
    return this.top(this.heights.length);
  }

  /** Place of a row's upper edge. */
  top(row: number): number {
    this.sumUpTo(row);
    return this.tops[row]!;
  }

  /** Take a measured height; returns by how much it differs. */
  measure(row: number, height: number): number {
    const change = height - this.heights[row]!;
    if (Math.abs(change) < 0.5) return 0;
    this.heights[row] = height;
    this.staleFrom = Math.min(this.staleFrom, row);
    return change;
  }

  /** The row at a place. */
  at(y: number): number {
    this.sumUpTo(this.heights.length);
    let low = 0;
    let high = this.heights.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle]! <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Rows `[first, end)` that a window shows, with `over` pixels more on both sides. */
  window(y: number, height: number, over: number): [number, number] {
    if (this.count === 0) return [0, 0];
    return [this.at(Math.max(0, y - over)), Math.min(this.count, this.at(y + height + over) + 1)];
  }

  private sumUpTo(row: number): void {
    if (row <= this.staleFrom) return;
    for (let at = this.staleFrom; at < this.heights.length; at += 1) this.tops[at + 1] = this.tops[at]! + this.heights[at]!;
    this.staleFrom = this.heights.length;
  }
}
