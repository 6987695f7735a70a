/** Size, place and colours of captions, other than the template has them. */
import { Button } from "~/components/button";
import { percent } from "~/i18n";
import { changed, fontBounds, frameOf, placeBounds, withColour, withShape, type Template } from "../model/caption-changes";
import type { Aspect } from "../model/crops";
import type { Overrides } from "../model/look";
import { tl } from "../look-messages";
import { Colour, Slider } from "./held-fields";

const share = (value: number) => percent(value, 1);

export function CaptionChanges({ template, overrides, aspect, onMove, onSave }: {
  template: Template;
  overrides: Overrides;
  aspect: Aspect;
  onMove: (overrides: Overrides) => void;
  onSave: (overrides: Overrides) => void;
}) {
  const frame = frameOf(aspect);
  const result = changed(template, overrides);
  const shape = result.shapes[frame];
  const size = (font: number) => withShape(template, overrides, frame, { font });
  const place = (y: number) => withShape(template, overrides, frame, { y });
  const words = (fill: string) => withColour(overrides, "letters", fill);
  const spoken = (fill: string) => withColour(overrides, "highlight", fill);
  const isColouredBySpeaker = (result.speaker_colours ?? []).length > 0;
  return (
    <div class="caption-changes">
      <Slider
        label={tl("size")} value={shape.font} {...fontBounds(result, frame)} step={0.001} text={(font) => tl("ofWidth", { share: share(font) })}
        onMove={(font) => onMove(size(font))} onSave={(font) => onSave(size(font))}
      />
      <Slider
        label={tl("place")} value={shape.y} {...placeBounds(result, frame)} step={0.001} text={(y) => tl("fromTop", { share: share(y) })}
        onMove={(y) => onMove(place(y))} onSave={(y) => onSave(place(y))}
      />
      {!isColouredBySpeaker && (
        <Colour label={tl("colourWords")} value={result.letters.fill ?? "#ffffff"} onMove={(fill) => onMove(words(fill))} onSave={(fill) => onSave(words(fill))} />
      )}
      {result.highlight && result.highlight.how !== "none" && (
        <Colour label={tl("colourSpoken")} value={result.highlight.fill ?? "#ffdd33"} onMove={(fill) => onMove(spoken(fill))} onSave={(fill) => onSave(spoken(fill))} />
      )}
      <Button small icon="undo" disabled={Object.keys(overrides).length === 0} onClick={() => onSave({})}>{tl("asTemplate")}</Button>
    </div>
  );
}
