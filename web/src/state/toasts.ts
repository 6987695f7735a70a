/** Short notes at the edge of the page: what was done, with a way back where there is one, and what failed. */
import { signal } from "@preact/signals";
import { asProblem, type ApiProblem } from "~/api/problem";
import { common } from "~/i18n/common";

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "failed";
  detail?: string | undefined;
  /** What was refused: told in the person's language where its code is known. */
  problem?: ApiProblem;
  action?: { label: string; run: () => void } | undefined;
}

const SHOWN_MS = 6_000;
export const toasts = signal<Toast[]>([]);
let next = 1;

export function tell(text: string, action?: Toast["action"]): void {
  add({ text, kind: "done", action });
}

export function tellProblem(error: unknown): void {
  const problem = asProblem(error);
  const detail = problem.requestId ? common("requestId", { id: problem.requestId }) : undefined;
  add({ text: problem.isOffline ? common("offline") : problem.detail || problem.title, kind: "failed", detail, problem });
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

function add(toast: Omit<Toast, "id">): void {
  const id = next++;
  toasts.value = [...toasts.value.slice(-3), { ...toast, id }];
  if (toast.kind === "done") setTimeout(() => dismiss(id), SHOWN_MS);
}
