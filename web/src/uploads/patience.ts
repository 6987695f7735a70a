/** Waiting that knows about the network: what fails is tried again, later and later; without a network it waits for one. */
import { asProblem, type ApiProblem } from "~/api/problem";
import { sessionEnded } from "~/session/session";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const TRIES = 8;

/** Wait; ends early when the network comes back, and throws when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: unknown) => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      signal.removeEventListener("abort", stop);
      if (error === undefined) resolve();
      else reject(error);
    };
    const wake = () => end();
    const stop = () => end(new DOMException("stopped", "AbortError"));
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

/** Wait until the person has signed in again; the page asks for it. */
function signedIn(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopped = false;
    const end = (settle: () => void) => {
      if (stopped) return;
      stopped = true;
      signal.removeEventListener("abort", stop);
      queueMicrotask(() => forget());
      settle();
    };
    const stop = () => end(() => reject(new DOMException("stopped", "AbortError")));
    signal.addEventListener("abort", stop);
    const forget = sessionEnded.subscribe((ended) => !ended && end(resolve));
    if (signal.aborted) stop();
  });
}

export function backoffMs(fails: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(fails - 1, 10));
  return Math.round(whole * (0.75 + random() / 2));
}

/** Whether a repeat of the request may succeed. */
export function isPassing(problem: ApiProblem): boolean {
  return problem.status === 0 || problem.status === 408 || problem.status === 429 || problem.status >= 500 || problem.code === "idempotency-in-progress";
}

/**
 * Do it until it succeeds. A lost network never counts as a failed try, nor does a session that ended; `onWait` is told
 * whether a network is there.
 *
 * Throws what cannot pass, and what did not pass in eight tries.
 */
export async function patiently<T>(work: () => Promise<T>, signal: AbortSignal, onWait: (offline: boolean) => void): Promise<T> {
  let fails = 0;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = asProblem(error);
      if (problem.status === 401 && sessionEnded.peek()) {
        await signedIn(signal);
        continue;
      }
      if (!isPassing(problem)) throw error;
      const offline = navigator.onLine === false;
      if (!offline && ++fails >= TRIES) throw error;
      onWait(offline);
      const asked = problem.retryAfterS === null ? 0 : problem.retryAfterS * 1000;
      await pause(offline ? LONGEST_WAIT_MS : Math.max(asked, backoffMs(fails)), signal);
    }
  }
}
