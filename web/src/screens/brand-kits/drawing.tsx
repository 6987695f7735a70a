/** A frame of a clip with a brand kit over it, drawn from the kit's own numbers; and its end card. */
import { CaptionDrawing, fontOf } from "./caption-drawing";
import { ASPECTS, colourOf, overridden, type Aspect, type Asset, type Kit, type Placed, type Template } from "./kit";
import { t } from "./messages";

/** Part of a phone's frame that platforms leave free, as shares; other frames are free but for a margin. */
const FREE_TALL = { x: 0.111, y: 0.15, width: 0.711, height: 0.5 };
const FREE_OTHER = { x: 0, y: 0.04, width: 1, height: 0.92 };

function freeOf(width: number, height: number) {
  const share = height >= 1.5 * width ? FREE_TALL : FREE_OTHER;
  return { x: share.x * width, y: share.y * height, width: share.width * width, height: share.height * height };
}

function PlacedImage({ placed, asset, width, height }: { placed: Placed; asset: Asset | undefined; width: number; height: number }) {
  if (!asset?.url) return null;
  const free = freeOf(width, height);
  const wide = (placed.width ?? 0.18) * width;
  const high = wide * ((asset.height_px ?? 1) / (asset.width_px ?? 1));
  const [row, side] = (placed.corner ?? "top_left").split("_");
  const marginX = (placed.margin_x ?? 0.02) * width;
  const marginY = (placed.margin_y ?? 0.01) * height;
  const x = side === "left" ? free.x + marginX : free.x + free.width - marginX - wide;
  const y = row === "top" ? free.y + marginY : free.y + free.height - marginY - high;
  return <image href={asset.url} x={x} y={y} width={wide} height={high} opacity={placed.opacity ?? 1} />;
}

/** Top of the captions: a name plate stands above them. */
function captionTop(template: Template | undefined, width: number, height: number): number {
  if (!template) return height * 0.9;
  const ratio = width / height;
  const shape = ratio < 0.9 ? template.shapes.tall : ratio > 1.1 ? template.shapes.wide : template.shapes.square;
  return shape.y * height - 1.4 * shape.font * width;
}

function NamePlate({ kit, template, width, height }: { kit: Kit; template: Template | undefined; width: number; height: number }) {
  const plate = kit.lower_third;
  if (!plate) return null;
  const free = freeOf(width, height);
  const size = (plate.size ?? 0.042) * width;
  const font = fontOf(plate.font);
  const name = t("speaker");
  const long = name.length * size * font.share + size;
  const y = Math.min(free.y + free.height, captionTop(template, width, height)) - size * 2.2;
  return (
    <g>
      <rect x={free.x + 0.03 * width} y={y} width={long} height={size * 1.8} rx={size * 0.2} fill={colourOf(kit, plate.plate, "primary", "#141414")} />
      <text x={free.x + 0.03 * width + size / 2} y={y + size * 0.9} textLength={long - size} lengthAdjust="spacingAndGlyphs" dominant-baseline="central" font-family={font.family} font-weight={font.weight} font-size={size} fill={colourOf(kit, plate.fill, "text", "#ffffff")}>{name}</text>
    </g>
  );
}

/** A person in front of a wall: something to lay the kit over. Its colours are those of the theme's stage. */
function Scene({ width, height }: { width: number; height: number }) {
  const unit = Math.min(width, height);
  return (
    <g class="scene">
      <rect width={width} height={height} class="wall" />
      <circle cx={width * 0.5} cy={height * 0.4} r={unit * 0.15} class="person" />
      <ellipse cx={width * 0.5} cy={height * 0.4 + unit * 0.52} rx={unit * 0.32} ry={unit * 0.34} class="person" />
      <rect y={height * 0.4 + unit * 0.5} width={width} height={height} class="desk" />
    </g>
  );
}

export function KitDrawing({ kit, template, assets, aspect }: { kit: Kit; template: Template | undefined; assets: Map<string, Asset>; aspect: Aspect }) {
  const [width, height] = ASPECTS[aspect];
  const look = template && overridden(template, kit.overrides);
  return (
    <svg class="kit-drawing" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${t("preview")}: ${kit.name}, ${aspect}`}>
      <Scene width={width} height={height} />
      {kit.watermark && <PlacedImage placed={kit.watermark} asset={assets.get(kit.watermark.asset_id)} width={width} height={height} />}
      {kit.logo && <PlacedImage placed={kit.logo} asset={assets.get(kit.logo.asset_id)} width={width} height={height} />}
      {look && <CaptionDrawing template={look} width={width} height={height} />}
      <NamePlate kit={kit} template={look} width={width} height={height} />
    </svg>
  );
}

export function EndCardDrawing({ kit, assets, aspect }: { kit: Kit; assets: Map<string, Asset>; aspect: Aspect }) {
  const card = kit.end_card;
  if (!card) return null;
  const [width, height] = ASPECTS[aspect];
  const image = card.asset_id ? assets.get(card.asset_id) : undefined;
  const wide = (card.width ?? 0.4) * width;
  const high = image ? wide * ((image.height_px ?? 1) / (image.width_px ?? 1)) : 0;
  const size = (card.size ?? 0.06) * width;
  const font = fontOf(card.font ?? "display");
  const text = card.text ?? "";
  const long = Math.min(width * 0.9, text.length * size * font.share);
  const top = (height - high - (text ? size * 2 : 0)) / 2;
  return (
    <svg class="kit-drawing" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${t("endCard")}: ${text}`}>
      <rect width={width} height={height} fill={colourOf(kit, card.background, "background", "#141414")} />
      {image?.url && <image href={image.url} x={(width - wide) / 2} y={top} width={wide} height={high} />}
      {text && <text x={width / 2} y={top + high + size * 1.2} text-anchor="middle" textLength={long} lengthAdjust="spacingAndGlyphs" font-family={font.family} font-weight={font.weight} font-size={size} fill={colourOf(kit, card.fill, "text", "#ffffff")}>{text}</text>}
    </svg>
  );
}
