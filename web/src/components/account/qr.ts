/** QR codes (ISO/IEC 18004): bytes, error correction M, versions 1 to 20, which is up to 666 bytes. */

/** Codewords of error correction in each block, and blocks, by version. */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];

type Grid = (boolean | undefined)[][];

function rawBits(version: number): number {
  const aligned = Math.floor(version / 7) + 2;
  const free = (16 * version + 128) * version + 64;
  return version < 2 ? free : free - (25 * aligned - 10) * aligned + 55 - (version >= 7 ? 36 : 0);
}

function dataBytes(version: number): number {
  return Math.floor(rawBits(version) / 8) - CORRECTION[version - 1]! * BLOCKS[version - 1]!;
}

/** Product in the field of 256 elements by 0x11d. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

function correctionOf(data: number[], count: number): number[] {
  const divisor: number[] = [...Array<number>(count - 1).fill(0), 1];
  for (let round = 0, root = 1; round < count; round++, root = times(root, 2)) {
    for (let at = 0; at < count; at++) divisor[at] = times(divisor[at]!, root) ^ (divisor[at + 1] ?? 0);
  }
  const rest = Array<number>(count).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift()!;
    rest.push(0);
    divisor.forEach((one, at) => (rest[at] = rest[at]! ^ times(one, factor)));
  }
  return rest;
}

function codewords(text: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  const size = dataBytes(version);
  put(4, 4); // bytes
  put(text.length, version < 10 ? 8 : 16);
  text.forEach((byte) => put(byte, 8));
  put(0, Math.min(4, size * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < size * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  const bytes = Array.from({ length: size }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8).join(""), 2));

  const count = BLOCKS[version - 1]!;
  const shortLength = Math.floor(size / count);
  const firstLong = count - (size % count);
  const blocks = Array.from({ length: count }, (_, block) => {
    const start = block * shortLength + Math.max(0, block - firstLong);
    return bytes.slice(start, start + shortLength + (block >= firstLong ? 1 : 0));
  });
  const corrections = blocks.map((block) => correctionOf(block, CORRECTION[version - 1]!));
  const woven = (lists: number[][]) =>
    Array.from({ length: Math.max(...lists.map((one) => one.length)) }, (_, at) => lists.map((one) => one[at])).flat();
  return [...woven(blocks), ...woven(corrections)].filter((one): one is number => one !== undefined);
}

function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - (count - 2 - at) * step)];
}

/** Everything but the data: `undefined` is where data goes. */
function frame(version: number, size: number): Grid {
  const grid: Grid = Array.from({ length: size }, () => Array<boolean | undefined>(size).fill(undefined));
  const set = (x: number, y: number, dark: boolean) => x >= 0 && y >= 0 && x < size && y < size && (grid[y]![x] = dark);
  const ring = (x: number, y: number, reach: number, light: number) => {
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const far = Math.max(Math.abs(dx), Math.abs(dy));
        set(x + dx, y + dy, far !== light && far !== 4);
      }
    }
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  ring(3, 3, 4, 2);
  ring(size - 4, 3, 4, 2);
  ring(3, size - 4, 4, 2);
  const places = alignments(version, size);
  for (const x of places) for (const y of places) if (!isCorner(x, y, size)) ring(x, y, 2, 1);
  putFormat(grid, size, 0);
  if (version >= 7) {
    let rest = version;
    for (let round = 0; round < 12; round++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
    for (let bit = 0; bit < 18; bit++) {
      const dark = ((((version << 12) | rest) >> bit) & 1) === 1;
      const a = size - 11 + (bit % 3);
      set(a, Math.floor(bit / 3), dark);
      set(Math.floor(bit / 3), a, dark);
    }
  }
  return grid;
}

function isCorner(x: number, y: number, size: number): boolean {
  const far = size - 7;
  return (x === 6 && y === 6) || (x === 6 && y === far) || (x === far && y === 6);
}

function putFormat(grid: Grid, size: number, mask: number): void {
  let rest = mask; // level M is 0
  for (let round = 0; round < 10; round++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((mask << 10) | rest) ^ 0x5412;
  for (let bit = 0; bit < 15; bit++) {
    const dark = ((bits >> bit) & 1) === 1;
    const along = bit < 6 ? bit : bit < 8 ? bit + 1 : -1;
    const [x, y] = bit < 8 ? [8, along] : [bit === 8 ? 7 : 14 - bit, 8];
    grid[y]![x] = dark;
    if (bit < 8) grid[8]![size - 1 - bit] = dark;
    else grid[size - 15 + bit]![8] = dark;
  }
  grid[size - 8]![8] = true;
}

/** Rows of dark squares of `text`. Mask 0 always: scanners read any. Throws a RangeError for a text that is too long. */
export function qrRows(text: string): boolean[][] {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, at) => bytes.length + (at < 9 ? 2 : 3) <= dataBytes(at + 1)) + 1;
  if (version === 0) throw new RangeError(`${bytes.length} bytes do not fit into a code`);
  const size = version * 4 + 17;
  const grid = frame(version, size);
  const words = codewords(bytes, version);
  let bit = 0;
  // Two columns at a time from the right, up and down in turn; the column of the timing pattern is left out.
  for (let column = size - 1; column >= 1; column -= column === 8 ? 3 : 2) {
    const upward = ((column + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const y = upward ? size - 1 - step : step;
      for (const x of [column, column - 1]) {
        if (grid[y]![x] !== undefined) continue;
        const dark = ((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        grid[y]![x] = (dark === 1) !== ((x + y) % 2 === 0);
        bit += 1;
      }
    }
  }
  return grid as boolean[][];
}
