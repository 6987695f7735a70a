/** What a part of the page shows before, instead of and beside its content. */
import type { ComponentChildren } from "preact";
import { asProblem } from "~/api/problem";
import { common } from "~/i18n/common";
import { problemWords } from "~/i18n/server-words";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";

export function Loading({ label }: { label?: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {label ?? common("loading")}
    </p>
  );
}

/** A refusal in words, with the id by which an operator finds the request. What only the API says is in English. */
export function ProblemNotice({ problem, onRetry }: { problem: unknown; onRetry?: () => void }) {
  const one = asProblem(problem);
  const own = problemWords(one.code);
  const told = one.status > 0; // by the API
  return (
    <div class="notice failed" role="alert">
      <Icon name="warning" />
      <div>
        <p><strong lang={told && !own ? "en" : undefined}>{one.isOffline ? common("offline") : told ? (own?.title ?? one.title) : common("brokenPage")}</strong></p>
        {own && <p>{own.remedy}</p>}
        {!one.isOffline && one.detail && <p lang={told ? "en" : undefined} class={own ? "hint" : ""}>{one.detail}</p>}
        {one.retryAfterS !== null && <p>{common("waitSeconds", { count: Math.ceil(one.retryAfterS) })}</p>}
        {one.requestId && <p class="hint">{common("requestId", { id: one.requestId })}</p>}
        {onRetry && <Button small onClick={onRetry}>{common("retry")}</Button>}
      </div>
    </div>
  );
}

export function Notice({ kind = "info", children }: { kind?: "info" | "warn" | "done" | "failed"; children: ComponentChildren }) {
  const icon: IconName = kind === "done" ? "check" : kind === "info" ? "info" : "warning";
  return (
    <div class={`notice ${kind}`} role={kind === "failed" ? "alert" : "status"}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

/** Nothing here yet: says what would be here, and how to begin. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={40} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export type Tone = "neutral" | "active" | "good" | "warn" | "bad";

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** `value` in percent; null: how much is left is unknown. `text`: what is read aloud instead of the percentage. */
export function Progress({ value, label, tone, text }: { value: number | null; label: string; tone?: Tone; text?: string }) {
  return (
    <div
      class={`progress ${tone ?? ""}${value === null ? " unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value ?? undefined}
      aria-valuetext={text}
    >
      <span style={{ inlineSize: `${value ?? 100}%` }} />
    </div>
  );
}
