/** Captions of a template in a frame, as SVG: place, size, colours and plates of the template, letters of this device. */
import { linesOf, type Template } from "./kit";
import { t } from "./messages";

const FAMILIES: Record<string, { family: string; weight: number; share: number }> = {
  display: { family: "system-ui, sans-serif", weight: 800, share: 0.56 },
  text: { family: "system-ui, sans-serif", weight: 600, share: 0.53 },
  condensed: { family: "'Arial Narrow', 'Roboto Condensed', 'Liberation Sans Narrow', sans-serif", weight: 800, share: 0.5 },
  typewriter: { family: "ui-monospace, monospace", weight: 600, share: 0.6 },
};
const LINE_HEIGHT = 1.14;

export function fontOf(role: string | undefined) {
  return FAMILIES[role ?? "text"] ?? FAMILIES["text"]!;
}

/** Where each word of a line begins, in units of the frame. */
function placesOf(line: string[], size: number, share: number): { word: string; x: number; width: number }[] {
  let x = 0;
  return line.map((word) => {
    const place = { word, x, width: word.length * size * share };
    x += place.width + size * 0.28;
    return place;
  });
}

export function CaptionDrawing({ template, width, height, text }: { template: Template; width: number; height: number; text?: string }) {
  const ratio = width / height;
  const shape = ratio < 0.9 ? template.shapes.tall : ratio > 1.1 ? template.shapes.wide : template.shapes.square;
  const { letters, highlight, wrap } = template;
  const font = fontOf(letters.font);
  const size = shape.font * width;
  const words = letters.case === "upper" ? (text ?? t("sample")).toUpperCase() : text ?? t("sample");
  const lines = linesOf(words, Math.max(6, Math.floor((shape.width * width) / (size * font.share))), wrap?.max_words ?? 5, wrap?.max_lines ?? 2);
  const top = shape.y * height - (lines.length * size * LINE_HEIGHT) / 2;
  const spoken = Math.min(1, lines[0]!.length - 1);
  const plate = letters.plate;
  const boxes = lines.map((line, at) => {
    const places = placesOf(line, size, font.share);
    const last = places.at(-1)!;
    const length = last.x + last.width;
    const left = shape.align === "left" && shape.left ? shape.left * width : (width - length) / 2;
    return { places, length, left, middle: top + (at + 0.5) * size * LINE_HEIGHT };
  });
  const widest = Math.max(...boxes.map((one) => one.length));
  const leftmost = Math.min(...boxes.map((one) => one.left));
  const padX = (plate?.padding_x ?? 0.25) * size;
  const padY = (plate?.padding_y ?? 0.15) * size;
  return (
    <g>
      {plate && (plate.around === "block" || plate.around === "bar") && (
        <rect
          x={plate.around === "bar" ? 0 : leftmost - padX}
          y={top - padY}
          width={plate.around === "bar" ? width : widest + 2 * padX}
          height={lines.length * size * LINE_HEIGHT + 2 * padY}
          rx={(plate.radius ?? 0) * size}
          fill={plate.colour}
        />
      )}
      {boxes.map((box, lineAt) => (
        <g key={lineAt}>
          {plate?.around === "line" && <rect x={box.left - padX} y={box.middle - (size * LINE_HEIGHT) / 2 - padY} width={box.length + 2 * padX} height={size * LINE_HEIGHT + 2 * padY} rx={(plate.radius ?? 0) * size} fill={plate.colour} />}
          {box.places.map(({ word, x, width: length }, wordAt) => {
            const isSpoken = lineAt === 0 && wordAt === spoken && highlight?.how !== "none";
            const isLater = lineAt > 0 || wordAt > spoken;
            const isHidden = isLater && (highlight?.how === "reveal" || highlight?.how === "type");
            const isSung = highlight?.how === "fill" && !isLater;
            const fill = (isSpoken && highlight?.how !== "plate") || isSung ? highlight?.fill ?? letters.fill : letters.fill;
            const speakerFill = template.speaker_colours?.[0];
            return (
              <g key={wordAt}>
                {isSpoken && highlight?.how === "plate" && highlight.plate && (
                  <rect x={box.left + x - size * 0.15} y={box.middle - size * 0.6} width={length + size * 0.3} height={size * 1.2} rx={(highlight.plate.radius ?? 0.15) * size} fill={highlight.plate.colour} />
                )}
                <text
                  x={box.left + x}
                  y={box.middle}
                  textLength={length}
                  lengthAdjust="spacingAndGlyphs"
                  dominant-baseline="central"
                  font-family={font.family}
                  font-weight={font.weight}
                  font-size={size}
                  fill={isSpoken || isSung ? fill : speakerFill ?? fill}
                  opacity={isHidden ? 0 : 1}
                  stroke={letters.stroke?.colour}
                  stroke-width={letters.stroke ? letters.stroke.width * size * 2 : 0}
                  stroke-linejoin="round"
                  paint-order="stroke"
                >
                  {word}
                </text>
              </g>
            );
          })}
        </g>
      ))}
    </g>
  );
}
