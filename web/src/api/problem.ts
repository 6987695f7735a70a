/** What the API answers where it refuses (RFC 9457), and what stands in for it where no answer came. */

export interface ProblemBody {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  request_id?: string;
  errors?: { pointer: string; detail: string }[];
  [name: string]: unknown;
}

/** A refused or lost request. `status` 0: no answer came, the network or the server is away. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly retryAfterS: number | null;
  readonly body: ProblemBody;

  constructor(body: ProblemBody, headers?: Headers) {
    super(body.detail ?? body.title);
    this.name = "ApiProblem";
    this.body = body;
    this.status = body.status;
    this.code = body.code;
    this.title = body.title;
    this.detail = body.detail ?? "";
    this.requestId = headers?.get("x-request-id") ?? body.request_id ?? null;
    const wait = Number(headers?.get("retry-after"));
    this.retryAfterS = headers?.get("retry-after") && Number.isFinite(wait) ? wait : null;
  }

  get isOffline(): boolean {
    return this.status === 0;
  }
}

/** Read the problem of an answer; an answer of something in between (a proxy) has no body that we know. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const known = typeof body === "object" && body !== null && "code" in body && "title" in body;
  const told = known
    ? (body as ProblemBody)
    : { title: response.statusText || "The server refused", status: response.status, code: "unknown" };
  return new ApiProblem({ ...told, status: response.status }, response.headers);
}

export function lostProblem(): ApiProblem {
  return new ApiProblem({ title: "No answer", status: 0, code: "offline" });
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiProblem({ title: "Something broke in the page", status: -1, code: "page", detail });
}
