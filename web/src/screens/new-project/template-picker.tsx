/** Caption templates with a drawn picture of each: letters, outline, plate and the word that is being said. */
import { useId } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { ProblemNotice } from "~/components/states";
import { templateWords } from "~/i18n/server-words";
import { t } from "./messages";

export type Template = Schemas["CaptionTemplate"];
const WIDTH = 180;
const HEIGHT = 100;
const LINE_WIDTH = 150;
/** Mean width of a letter, as a share of its height. */
const WORD_WIDTH = 0.58;

export function useTemplates() {
  return useQuery("caption-templates", (signal) => call(api.GET("/v1/caption-templates", { signal })).then((list) => list.items));
}

interface Word {
  text: string;
  x: number;
  width: number;
  said: boolean;
}

/** Places words of one line side by side in the middle. */
function lineOf(texts: string[], size: number, said: number): Word[] {
  const widths = texts.map((text) => text.length * size * WORD_WIDTH);
  const gap = size * 0.32;
  const whole = widths.reduce((sum, width) => sum + width, 0) + gap * (texts.length - 1);
  let x = (WIDTH - whole) / 2;
  return texts.map((text, at) => {
    const word = { text, x, width: widths[at]!, said: at === said };
    x += word.width + gap;
    return word;
  });
}

/** A drawing, not the server's frame: it shows colours and kind, the export has the true letters. */
export function TemplatePicture({ template }: { template: Template }) {
  const { letters, highlight, wrap } = template;
  const texts = [t("sampleOne"), t("sampleTwo")].slice(0, wrap?.max_words === 1 ? 1 : 2).map((text) => (letters.case === "upper" ? text.toUpperCase() : text));
  const size = Math.min(30, LINE_WIDTH / ((texts.join("").length + 0.5) * WORD_WIDTH));
  const words = lineOf(texts, size, texts.length - 1);
  const base = HEIGHT / 2 + size * 0.35;
  const bar = letters.plate;
  const first = words[0]!;
  const last = words[words.length - 1]!;
  return (
    <svg class="template-picture" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
      <rect class="template-ground" width={WIDTH} height={HEIGHT} />
      {bar && <rect x={first.x - 8} y={base - size} width={last.x + last.width - first.x + 16} height={size * 1.4} rx={5} fill={bar.colour} />}
      {words.map((word) => {
        const plate = word.said && highlight?.plate;
        const fill = word.said && highlight ? highlight.fill : letters.fill;
        return (
          <g key={word.text}>
            {plate && <rect x={word.x - 4} y={base - size * 0.95} width={word.width + 8} height={size * 1.3} rx={size * 0.2} fill={plate.colour} />}
            <text
              x={word.x}
              y={base}
              textLength={word.width}
              lengthAdjust="spacingAndGlyphs"
              font-size={size}
              font-weight={letters.font === "text" ? 500 : 800}
              font-family="system-ui, sans-serif"
              fill={fill}
              stroke={letters.stroke?.colour ?? "none"}
              stroke-width={letters.stroke ? letters.stroke.width * size * 2 : 0}
              stroke-linejoin="round"
              paint-order="stroke"
            >
              {word.text}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

export function TemplatePicker({ value, usual, error, onChange }: { value: string | undefined; usual: string; error: string | null; onChange: (id: string | undefined) => void }) {
  const { data, problem, reload } = useTemplates();
  const name = useId();
  if (problem && !data) return <ProblemNotice problem={problem} onRetry={reload} />;
  const chosen = value ?? usual;
  return (
    <fieldset class="templates">
      <legend class="visually-hidden">{t("template")}</legend>
      {!data && Array.from({ length: 6 }, (_, at) => <span key={at} class="template ghost" aria-hidden="true" />)}
      {data?.map((one) => (
        <label key={one.template_id} class={`template${one.template_id === chosen ? " chosen" : ""}`} title={templateWords(one.template_id)?.description ?? one.description} lang={templateWords(one.template_id) ? undefined : "en"}>
          <input type="radio" class="visually-hidden" name={name} checked={one.template_id === chosen} onChange={() => onChange(one.template_id === usual ? undefined : one.template_id)} />
          <TemplatePicture template={one} />
          <span>{templateWords(one.template_id)?.name ?? one.name}</span>
        </label>
      ))}
      {error && <p class="error" role="alert">{error}</p>}
    </fieldset>
  );
}
