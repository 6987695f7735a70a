/** The crop that an aspect shows at a moment of the source, and crops that a person drags. Pixels of the displayed source. */
import type { Schemas } from "~/api/client";
import type { CropKey } from "./apply";

export type Aspect = Schemas["RequestExport"]["aspect"] & string;
export type CropBox = Schemas["CropBox"];
export const ASPECTS: readonly Aspect[] = ["9:16", "1:1", "16:9", "4:5"];

export function ratioOf(aspect: Aspect): number {
  const [width, height] = aspect.split(":").map(Number);
  return width! / height!;
}

export interface Picture {
  width: number;
  height: number;
}

const SAME_SHAPE = 0.02;
const even = (value: number) => Math.max(2, Math.floor(value / 2) * 2);

/** The largest crop of an aspect, in the middle of the picture. */
export function centreCrop(aspect: Aspect, picture: Picture): CropBox {
  const ratio = ratioOf(aspect);
  const width = even(Math.min(picture.width, picture.height * ratio));
  const height = even(Math.min(picture.height, picture.width / ratio));
  return { x: Math.floor((picture.width - width) / 2), y: Math.floor((picture.height - height) / 2), width, height };
}

function eased(ease: CropKey["ease"], share: number): number {
  if (ease === "smooth") return share * share * (3 - 2 * share);
  return ease === "linear" ? share : 0;
}

/** What is shown at a moment: the last key's crop, on the way to the next one where that does not cut. Null before the first. */
export function cropAt(keys: readonly CropKey[], atMs: number): CropBox | null {
  const next = keys.findIndex((key) => key.at_ms > atMs);
  const last = keys[next < 0 ? keys.length - 1 : next - 1];
  if (!last) return null;
  const following = next < 0 ? undefined : keys[next];
  if (!following) return last.crop;
  const share = eased(following.ease ?? "cut", (atMs - last.at_ms) / (following.at_ms - last.at_ms));
  const between = (a: number, b: number) => a + (b - a) * share;
  const [from, to] = [last.crop, following.crop];
  return { x: between(from.x, to.x), y: between(from.y, to.y), width: between(from.width, to.width), height: between(from.height, to.height) };
}

/** The crop of the preview: by hand, else as suggested, else the middle. */
export function shownCrop(aspect: Aspect, atMs: number, manual: readonly CropKey[], suggested: readonly CropKey[], picture: Picture): CropBox {
  return cropAt(manual, atMs) ?? cropAt(suggested, atMs) ?? suggested[0]?.crop ?? centreCrop(aspect, picture);
}

/** A crop moved and resized about its middle, kept inside the picture and in whole pixels. */
export function fitted(crop: CropBox, aspect: Aspect, picture: Picture): CropBox {
  const ratio = ratioOf(aspect);
  const isOfShape = Math.abs(crop.width / crop.height / ratio - 1) < SAME_SHAPE && crop.width <= picture.width && crop.height <= picture.height;
  const largest = centreCrop(aspect, picture);
  // A crop that is only moved keeps its size, also where that is a pixel off the shape, as those of the framing are.
  if (isOfShape) return inside({ ...crop, width: Math.round(crop.width), height: Math.round(crop.height) }, picture);
  const width = even(Math.min(Math.max(crop.width, 32), largest.width));
  const height = even(Math.min(width / ratio, largest.height));
  return inside({ x: crop.x, y: crop.y, width, height }, picture);
}

function inside({ x, y, width, height }: CropBox, picture: Picture): CropBox {
  const clamp = (at: number, most: number) => Math.round(Math.min(Math.max(at, 0), most));
  return { x: clamp(x, picture.width - width), y: clamp(y, picture.height - height), width, height };
}

export function scaled(crop: CropBox, width: number, aspect: Aspect, picture: Picture): CropBox {
  const most = centreCrop(aspect, picture);
  const wide = Math.min(Math.max(width, most.width / 4), most.width);
  const height = wide / ratioOf(aspect);
  return fitted({ x: crop.x + (crop.width - wide) / 2, y: crop.y + (crop.height - height) / 2, width: wide, height }, aspect, picture);
}

const SAME_MS = 20;
const MOST_KEYS = 200;

/** Keys with one at a moment: it replaces the key that stands there. */
export function withKey(keys: readonly CropKey[], key: CropKey): CropKey[] {
  const others = keys.filter((one) => Math.abs(one.at_ms - key.at_ms) > SAME_MS);
  return [...others, key].sort((a, b) => a.at_ms - b.at_ms);
}

/** Suggested keys as own ones, thinned to what an edit may hold: those that bend the way least go. */
export function thinned(keys: readonly CropKey[], most = MOST_KEYS): CropKey[] {
  let kept = keys.map((key) => ({ ...key, ease: key.ease ?? "cut" }));
  while (kept.length > most) {
    let least = 1;
    let cost = Infinity;
    for (let at = 1; at < kept.length - 1; at += 1) {
      const own = bend(kept[at - 1]!, kept[at]!, kept[at + 1]!);
      if (own < cost) [least, cost] = [at, own];
    }
    kept = kept.filter((_, at) => at !== least);
  }
  return kept;
}

function bend(before: CropKey, key: CropKey, after: CropKey): number {
  if (key.ease === "cut" || after.ease === "cut") return 1e9 + Math.abs(key.crop.x - before.crop.x);
  const share = (key.at_ms - before.at_ms) / (after.at_ms - before.at_ms);
  return (["x", "y", "width"] as const).reduce(
    (sum, side) => sum + Math.abs(before.crop[side] + (after.crop[side] - before.crop[side]) * share - key.crop[side]), 0,
  );
}
