/** Changes of a caption template that the editor offers: size, place and colours; and the bounds that the server keeps. */
import type { Schemas } from "~/api/client";
import { overridden } from "~/screens/brand-kits/kit";
import type { Aspect } from "./crops";
import type { Overrides } from "./look";

export type Template = Schemas["CaptionTemplate"];
export type Frame = "tall" | "square" | "wide";

/** As `schemas/options/caption_template_overrides.py` counts: height of a line in font sizes, and what a frame keeps clear. */
const LINE_HEIGHT = 1.14;
const CLEAR: Record<Frame, { ratio: number; left: number; right: number; top: number; bottom: number }> = {
  tall: { ratio: 16 / 9, left: 120 / 1080, right: 1 - 192 / 1080, top: 288 / 1920, bottom: 1 - 672 / 1920 },
  square: { ratio: 1, left: 0, right: 1, top: 0.03, bottom: 0.97 },
  wide: { ratio: 9 / 16, left: 0, right: 1, top: 0.03, bottom: 0.97 },
};
const MIN_FONT = 0.02;
const MAX_FONT = 0.3;
const STEP = 0.001;

export interface Bounds {
  min: number;
  max: number;
}

export function frameOf(aspect: Aspect): Frame {
  if (aspect === "9:16") return "tall";
  return aspect === "16:9" ? "wide" : "square";
}

const up = (value: number) => Math.ceil(value / STEP - 1e-6) * STEP;
const down = (value: number) => Math.floor(value / STEP + 1e-6) * STEP;
const thousandths = (value: number) => Math.round(value / STEP) / 1000;

/** Outline and plates beside and above the letters, in font sizes. */
function outset(template: Template): { side: number; above: number } {
  const plates = [template.letters.plate, template.highlight?.plate].filter((plate) => plate != null);
  const stroke = template.letters.stroke?.width ?? 0;
  return {
    side: Math.max(stroke, ...plates.map((plate) => plate.padding_x ?? 0.3)),
    above: Math.max(stroke, ...plates.map((plate) => plate.padding_y ?? 0.2)),
  };
}

function halfHeight(template: Template): number {
  return ((template.wrap?.max_lines ?? 2) * LINE_HEIGHT) / 2 + outset(template).above;
}

/** Sizes of the letters at which all lines of a cue have room. */
export function fontBounds(template: Template, frame: Frame): Bounds {
  const { ratio, left, right, top, bottom } = CLEAR[frame];
  const shape = template.shapes[frame];
  const begins = shape.left ?? (1 - shape.width) / 2;
  const { side } = outset(template);
  const beside = side > 0 ? Math.min(begins - left, right - begins - shape.width) / side : MAX_FONT;
  const most = Math.min(MAX_FONT, beside, ((bottom - top) * ratio) / (2 * halfHeight(template)));
  return { min: MIN_FONT, max: Math.max(thousandths(down(most)), shape.font) };
}

/** Places of a cue's middle at which all its lines are clear of the edges and of the platforms' signs. */
export function placeBounds(template: Template, frame: Frame): Bounds {
  const { ratio, top, bottom } = CLEAR[frame];
  const high = (halfHeight(template) * template.shapes[frame].font) / ratio;
  return { min: thousandths(up(top + high)), max: thousandths(down(bottom - high)) };
}

export function changed(template: Template, overrides: Overrides): Template {
  return overridden(template, overrides);
}

/** The overrides with another size or place; a size that leaves the place no room moves it. */
export function withShape(template: Template, overrides: Overrides, frame: Frame, part: { font?: number; y?: number }): Overrides {
  const next = { ...overrides, shapes: { ...overrides.shapes, [frame]: { ...overrides.shapes?.[frame], ...part } } };
  const result = changed(template, next);
  const { min, max } = placeBounds(result, frame);
  const { y } = result.shapes[frame];
  if (y >= min && y <= max) return next;
  return { ...next, shapes: { ...next.shapes, [frame]: { ...next.shapes[frame], y: Math.min(max, Math.max(min, y)) } } };
}

export function withColour(overrides: Overrides, part: "letters" | "highlight", fill: string): Overrides {
  return { ...overrides, [part]: { ...overrides[part], fill } };
}
