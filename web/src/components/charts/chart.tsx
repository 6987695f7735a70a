/**
 * Bars or lines over time or over names, drawn by uPlot, which is loaded with the first chart.
 *
 * Colours are CSS variables; the chart is drawn anew when the theme, the width or the language changes. What it shows
 * stands in the table beside it, for who cannot see it.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { date, language } from "~/i18n";
import { highContrast, theme } from "~/state/preferences";
import { BUCKET_MS, stacked, type Bucket } from "./buckets";
import { t } from "./messages";

export interface Series {
  label: string;
  values: (number | null)[];
  /** CSS variable such as `--accent`. */
  colour: string;
}

interface Props {
  label: string;
  kind: "bars" | "lines";
  /** Times in ms with their length, or names. */
  along: { times: number[]; bucket: Bucket } | { names: string[] };
  /** Bars of more than one series are piled up. */
  series: Series[];
  format: (value: number) => string;
  /** How the legend sums up a series while no time is pointed at. */
  sum?: (values: (number | null)[]) => number;
}

export const PALETTE = ["--accent", "--sound", "--face", "--shot", "--caution-ink", "--wave", "--warn-ink", "--good-ink", "--ink-soft"];
const HEIGHT = 220;
const STEPS_S: Record<Bucket, number[]> = {
  hour: [1, 3, 6, 12, 24, 48, 24 * 7].map((hours) => hours * 3600),
  day: [1, 2, 7, 14, 30, 60, 91].map((days) => days * 86_400),
};

/** The colour that a variable has now: canvas does not know variables. */
function colourOf(variable: string, host: HTMLElement): string {
  host.style.color = `var(${variable})`;
  const colour = getComputedStyle(host).color;
  host.style.color = "";
  return colour;
}

export function timeLabel(ms: number, bucket: Bucket): string {
  return bucket === "day"
    ? date(ms, { day: "numeric", month: "short", timeZone: "UTC" })
    : date(ms, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}

function axisLabel(seconds: number, bucket: Bucket): string {
  const isDay = bucket === "day" || seconds % 86_400 === 0;
  return date(seconds * 1000, isDay ? { day: "numeric", month: "short", timeZone: "UTC" } : { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}

function optionsOf(plot: typeof uPlot, host: HTMLElement, props: Props, onPoint: (at: number | null) => void): uPlot.Options {
  const { along, kind, series, format } = props;
  const isTime = "times" in along;
  const half = isTime ? BUCKET_MS[along.bucket] / 2000 : 0.5;
  const axis = { stroke: colourOf("--ink-soft", host), font: "12px system-ui, sans-serif", grid: { stroke: colourOf("--line", host), width: 1 }, ticks: { show: false } };
  const x: uPlot.Axis = isTime
    ? { ...axis, grid: { show: false }, space: 64, incrs: STEPS_S[along.bucket], values: (_, splits) => splits.map((one) => axisLabel(one, along.bucket)) }
    : { ...axis, grid: { show: false }, space: 30, incrs: [1], values: (_, splits) => splits.map((one) => along.names[one] ?? "") };
  return {
    width: Math.max(120, host.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "lines" } },
    tzDate: (seconds) => plot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { time: isTime, range: (_, min, max) => [min - half, max + half] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [x, { ...axis, size: (_, values) => 20 + 7 * Math.max(4, ...(values ?? []).map((one) => one.length)), values: (_, splits) => splits.map(format) }],
    series: [
      {},
      ...drawn(props).map((one): uPlot.Series => {
        const stroke = colourOf(one.colour, host);
        return kind === "bars"
          ? { stroke, fill: stroke, width: 0, paths: plot.paths.bars?.({ size: [0.7, 48] }), points: { show: false } }
          : { stroke, width: 2, spanGaps: true, points: { show: series.some((each) => each.values.filter((value) => value !== null).length < 40), size: 6, fill: stroke } };
      }),
    ],
    hooks: { setCursor: [(u) => onPoint(u.cursor.idx ?? null)] },
  };
}

/** Series in the order of drawing: the highest pile first, so that lower ones stand before it. */
function drawn({ kind, series }: Props): Series[] {
  if (kind === "lines") return series;
  const piles = stacked(series.map((one) => one.values));
  return series.map((one, at) => ({ ...one, values: piles[at]! })).reverse();
}

function positions({ along }: Props): number[] {
  return "times" in along ? along.times.map((one) => one / 1000) : along.names.map((_, at) => at);
}

export function Chart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const { along, series, format, label } = props;
  const looks = `${theme.value}/${highContrast.value}/${language.value}`;
  const shown = JSON.stringify([props.kind, along, series]);
  useEffect(() => {
    const element = host.current!;
    let chart: uPlot | null = null;
    let ended = false;
    const system = matchMedia("(prefers-color-scheme: dark)");
    const draw = (plot: typeof uPlot) => {
      chart?.destroy();
      chart = new plot(optionsOf(plot, element, props, setAt), [positions(props), ...drawn(props).map((one) => one.values)], element);
    };
    let redraw = () => {};
    const resized = new ResizeObserver(() => chart?.setSize({ width: Math.max(120, element.clientWidth), height: HEIGHT }));
    void import("uplot").then(({ default: plot }) => {
      if (ended) return;
      redraw = () => draw(plot);
      draw(plot);
      resized.observe(element);
    });
    const changed = () => redraw();
    system.addEventListener("change", changed);
    return () => {
      ended = true;
      system.removeEventListener("change", changed);
      resized.disconnect();
      chart?.destroy();
    };
  }, [shown, looks]);

  const sum = props.sum ?? ((values) => values.reduce<number>((all, one) => all + (one ?? 0), 0));
  const where = at === null ? t("all") : "times" in along ? timeLabel(along.times[at] ?? 0, along.bucket) : along.names[at] ?? "";
  return (
    <figure class="chart">
      <div ref={host} class="chart-canvas" role="img" aria-label={label} />
      <figcaption aria-hidden="true">
        <strong>{where}</strong>
        {series.filter((one, at) => at === 0 || one.values.some((value) => value)).map((one) => (
          <span key={one.label} class="legend">
            <span class="swatch" style={{ background: `var(${one.colour})` }} />
            {one.label}
            <span class="value">{at === null ? format(sum(one.values)) : one.values[at] === null ? "–" : format(one.values[at] ?? 0)}</span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
