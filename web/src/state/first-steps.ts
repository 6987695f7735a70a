/** What a person did for the first time on this machine, for the tour on the first screen. */
import { signal } from "@preact/signals";

export const STEPS = ["make", "look", "edit", "export", "share"] as const;
export type Step = (typeof STEPS)[number];

const KEY = "clipstream.first-steps";
const ENDED = "ended";

function kept(): string[] {
  return (localStorage.getItem(KEY) ?? "").split(",").filter(Boolean);
}

export const stepsDone = signal<ReadonlySet<string>>(new Set(kept()));

function keep(done: Iterable<string>): void {
  stepsDone.value = new Set(done);
  localStorage.setItem(KEY, [...stepsDone.value].join(","));
}

export function markStep(step: Step): void {
  if (!stepsDone.value.has(step) && !stepsDone.value.has(ENDED)) keep([...stepsDone.value, step]);
}

export function endTour(): void {
  keep([...stepsDone.value, ENDED]);
}

export function isTourOver(done: ReadonlySet<string>): boolean {
  return done.has(ENDED) || STEPS.every((step) => done.has(step));
}

const WRITES: [string, RegExp, Step][] = [
  ["POST", /^\/v1\/projects$/, "make"],
  ["GET", /^\/v1\/projects\/[^/]+\/transcript$/, "look"],
  ["PATCH", /^\/v1\/clips\/[^/]+\/edit$/, "edit"],
  ["POST", /^\/v1\/clips\/[^/]+\/exports?$/, "export"],
  ["POST", /^\/v1\/shares$/, "share"],
];

/** Mark the step that a request which succeeded stands for. */
export function noteRequest(method: string, path: string): void {
  const found = WRITES.find(([verb, pattern]) => verb === method && pattern.test(path));
  if (found) markStep(found[2]);
}
