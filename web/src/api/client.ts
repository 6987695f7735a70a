/**
 * The public API through the client that is generated from `openapi.json`.
 *
 * `call(api.GET(path, …))` returns the body or throws an `ApiProblem`. A session that has ended is refreshed once, by one
 * request for all that wait; if that fails, the page asks to sign in again, and what waits goes on then: nothing is lost.
 */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";
import { noteRequest } from "~/state/first-steps";
import { ApiProblem, lostProblem, problemOf } from "./problem";

export type Schemas = components["schemas"];

/** Header without which the API refuses writes that a cookie authenticates. */
const CLIENT_HEADER = "Clipstream-Client";
const NEVER_REFRESHED = ["/v1/auth/"];

let refreshing: Promise<boolean> | null = null;
type SessionEnded = () => Promise<boolean> | void;
let onSessionEnded: SessionEnded = () => {};

/** `listener` may promise that there is a session again: the request that was refused is sent once more then. */
export function whenSessionEnds(listener: SessionEnded): void {
  onSessionEnded = listener;
}

/** Ask for the next tokens; tabs that do so at once are forgiven by the server for ten seconds. */
export function refreshSession(orgId?: string): Promise<boolean> {
  // One that runs already leads to no other organisation.
  if (orgId && refreshing) return refreshing.catch(() => false).then(() => refreshSession(orgId));
  refreshing ??= fetch("/v1/auth/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json", [CLIENT_HEADER]: "web" },
    body: JSON.stringify(orgId ? { org_id: orgId } : {}),
  })
    .then((answer) => answer.ok)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

async function send(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) noteRequest(request.method, new URL(request.url).pathname);
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw lostProblem();
  }
}

/** `fetch` with the session: used by the generated client, and for answers that are not JSON. */
export async function fetchWithSession(input: Request): Promise<Response> {
  const again = input.clone();
  const response = await send(input);
  const path = new URL(input.url).pathname;
  if (response.status !== 401 || NEVER_REFRESHED.some((start) => path.startsWith(start))) return response;
  const goesOn = (await refreshSession().catch(() => false)) || (await onSessionEnded());
  if (!goesOn) return response;
  return send(again);
}

const marked: Middleware = {
  onRequest({ request }) {
    request.headers.set(CLIENT_HEADER, "web");
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, fetch: fetchWithSession });
api.use(marked);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer; throws an `ApiProblem` for a refusal. */
export async function call<T>(pending: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await pending;
  if (!response.ok) throw problemOf(response, error);
  return data as T;
}

/** The body of an answer and its entity tag, for `If-Match` of the next change. */
export async function callWithTag<T>(pending: Promise<Answer<T>>): Promise<{ data: T; etag: string }> {
  const { data, error, response } = await pending;
  if (!response.ok) throw problemOf(response, error);
  return { data: data as T, etag: response.headers.get("etag") ?? "" };
}

/** Text or JSON of a path that has more than one form. */
export async function fetchText(path: string, init: RequestInit = {}): Promise<string> {
  const headers = new Headers(init.headers);
  headers.set(CLIENT_HEADER, "web");
  const response = await fetchWithSession(new Request(new URL(path, location.origin), { ...init, headers }));
  const text = await response.text();
  if (response.ok) return text;
  throw problemOf(response, parsed(text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export { ApiProblem };
