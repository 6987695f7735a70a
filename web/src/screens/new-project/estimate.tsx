/** What the project would take, asked anew as one chooses: time and cost with their error bars. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem, type ApiProblem } from "~/api/problem";
import { Icon } from "~/components/icon";
import { ProblemNotice } from "~/components/states";
import { clock, duration, money } from "~/i18n";
import type { Upload } from "~/uploads/model";
import { t } from "./messages";
import { fieldErrorsOf, NO_ERRORS, type FieldErrors, type Options } from "./options-model";

export type Source = Omit<Schemas["EstimateProject"], "options">;
type Range = Schemas["Range"];

const TYPED_MS = 450;
const MOST_ASKED = 8;
/** Stands in for a length that nobody knows before the video is there. */
export const UNKNOWN_MS = 600_000;
const SOUND = /\.(aac|aif|aiff|flac|m4a|mka|mp3|oga|opus|wav|wma)$/i;

/** What is known of a file: its length where the browser could read it, else its size. */
export function sourceOf(upload: Upload): Source {
  const facts = upload.facts;
  if (!facts?.durationMs) return { size_bytes: upload.size };
  const picture = facts.widthPx && facts.heightPx ? { width_px: facts.widthPx, height_px: facts.heightPx } : {};
  return { duration_ms: facts.durationMs, video: Boolean(facts.widthPx) || !SOUND.test(upload.name), ...picture };
}

export interface Sum {
  mediaMs: number;
  clips: number;
  elapsed: Range;
  money: Range | null;
  currency: string;
  /** A length was guessed from a size. */
  guessed: boolean;
}

function plus(a: Range, b: Range): Range {
  return { expected: a.expected + b.expected, low: a.low + b.low, high: a.high + b.high };
}

/** The estimates of several sources together; they work one after another. */
export function sumOf(answers: readonly Schemas["ProjectEstimate"][], guessed: boolean): Sum {
  const zero = { expected: 0, low: 0, high: 0 };
  return answers.reduce<Sum>(
    (sum, { estimate }) => ({
      mediaMs: sum.mediaMs + estimate.media_ms,
      clips: sum.clips + estimate.clips,
      elapsed: plus(sum.elapsed, estimate.elapsed_ms),
      money: estimate.money ? plus(sum.money ?? zero, estimate.money) : sum.money,
      currency: estimate.currency || sum.currency,
      guessed: sum.guessed,
    }),
    { mediaMs: 0, clips: 0, elapsed: zero, money: null, currency: "", guessed },
  );
}

export interface Estimated {
  sum: Sum | null;
  errors: FieldErrors;
  problem: ApiProblem | null;
  reading: boolean;
}

export async function askEstimate(sources: readonly Source[], options: Options, signal?: AbortSignal): Promise<Sum> {
  const asked = sources.slice(0, MOST_ASKED);
  const answers = await Promise.all(asked.map((source) => call(api.POST("/v1/projects/estimate", { body: { ...source, options }, ...(signal ? { signal } : {}) }))));
  return sumOf(answers, asked.some((one) => one.size_bytes !== undefined));
}

export function useEstimate(sources: readonly Source[], options: Options): Estimated {
  const [state, setState] = useState<Estimated>({ sum: null, errors: NO_ERRORS, problem: null, reading: true });
  const key = JSON.stringify([sources, options]);
  const first = useRef(true);
  useEffect(() => {
    const control = new AbortController();
    setState((old) => ({ ...old, reading: true }));
    const timer = setTimeout(() => {
      askEstimate(sources, options, control.signal).then(
        (sum) => !control.signal.aborted && setState({ sum, errors: NO_ERRORS, problem: null, reading: false }),
        (error: unknown) => {
          if (control.signal.aborted) return;
          const problem = asProblem(error);
          const errors = fieldErrorsOf(error);
          setState((old) => ({ sum: problem.status === 422 ? null : old.sum, errors, problem: errors.size > 0 ? null : problem, reading: false }));
        },
      );
    }, first.current ? 0 : TYPED_MS);
    first.current = false;
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [key]);
  return state;
}

/** Low to high on a line, with the expected value marked. */
function ErrorBar({ range }: { range: Range }) {
  const most = range.high || 1;
  const at = (value: number) => `${Math.round((100 * value) / most)}%`;
  return (
    <div class="error-bar" aria-hidden="true">
      <span class="error-range" style={{ insetInlineStart: at(range.low), insetInlineEnd: "0" }} />
      <span class="error-mark" style={{ insetInlineStart: at(range.expected) }} />
    </div>
  );
}

function Quantity({ label, range, words }: { label: string; range: Range; words: (value: number) => string }) {
  return (
    <div class="quantity">
      <p><span>{label}</span><strong>{t("about", { value: words(range.expected) })}</strong></p>
      <ErrorBar range={range} />
      <p class="hint">{t("between", { low: words(range.low), high: words(range.high) })}</p>
    </div>
  );
}

export function EstimateCard({ estimated, example, count, more }: {
  estimated: Estimated;
  /** No source is known yet: the figures are of a video of ten minutes. */
  example: boolean;
  count: number;
  /** A source that cannot be measured before it is there. */
  more: string | null;
}) {
  const { sum, problem, reading, errors } = estimated;
  const source = [...errors].find(([pointer]) => !pointer.startsWith("/options"));
  return (
    <section class={`card estimate${reading ? " reading" : ""}`} aria-label={t("estimate")} aria-live="polite" aria-busy={reading}>
      <h2>{t("estimate")}</h2>
      {problem && <ProblemNotice problem={problem} />}
      {errors.size > 0 && <p class="error"><Icon name="warning" size={16} /> {source ? source[1] : t("mendFirst")}</p>}
      {!sum && !problem && errors.size === 0 && <p class="hint">{t("estimating")}</p>}
      {sum && (
        <>
          <p class="lead">{example ? t("example") : t("ofVideo", { count, time: clock(sum.mediaMs) })}</p>
          <Quantity label={t("time")} range={sum.elapsed} words={duration} />
          {sum.money ? (
            <Quantity label={t("cost")} range={sum.money} words={(value) => money(value, sum.currency)} />
          ) : (
            <div class="quantity"><p><span>{t("cost")}</span><strong>{t("noPrice")}</strong></p></div>
          )}
          <div class="quantity"><p><span>{t("clips")}</span><strong>{t("aboutClips", { count: sum.clips })}</strong></p></div>
          {sum.guessed && <p class="hint">{t("guessed")}</p>}
          {more && <p class="hint">{more}</p>}
          {count > 1 && <p class="hint">{t("severalTogether")}</p>}
        </>
      )}
    </section>
  );
}
