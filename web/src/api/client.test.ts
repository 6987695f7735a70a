import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api, call, refreshSession, whenSessionEnds } from "./client";
import { ApiProblem } from "./problem";

type Reply = { status: number; body?: unknown; headers?: Record<string, string> };
let replies: Reply[];
let asked: Request[];

beforeEach(() => {
  replies = [];
  asked = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(input, location.origin), init);
    asked.push(request);
    const next = replies.shift();
    if (!next) throw new TypeError("network");
    const headers = { "content-type": next.status >= 400 ? "application/problem+json" : "application/json", ...next.headers };
    return new Response(next.body === undefined ? null : JSON.stringify(next.body), { status: next.status, headers });
  });
});
afterEach(() => vi.unstubAllGlobals());

const refused = { title: "Not found", status: 404, code: "not-found", detail: "There is no such project." };

describe("call", () => {
  it("gives the body, and sends the header without which writes are refused", async () => {
    replies.push({ status: 200, body: { items: [] } });
    expect(await call(api.GET("/v1/projects"))).toEqual({ items: [] });
    expect(asked[0]?.headers.get("Clipstream-Client")).toBe("web");
  });

  it("throws the problem with the request's id and the time to wait", async () => {
    replies.push({ status: 404, body: refused, headers: { "x-request-id": "r1", "retry-after": "3" } });
    const problem = await call(api.GET("/v1/projects")).catch((error: unknown) => error as ApiProblem);
    expect(problem).toMatchObject({ status: 404, code: "not-found", requestId: "r1", retryAfterS: 3 });
  });

  it("says of an answer of something else what is known", async () => {
    replies.push({ status: 502, body: "bad gateway" });
    const problem = await call(api.GET("/v1/projects")).catch((error: unknown) => error as ApiProblem);
    expect(problem).toMatchObject({ status: 502, code: "unknown" });
  });

  it("tells a lost connection from a refusal", async () => {
    const problem = await call(api.GET("/v1/projects")).catch((error: unknown) => error as ApiProblem);
    expect((problem as ApiProblem).isOffline).toBe(true);
  });
});

describe("a session that has ended", () => {
  it("is refreshed once for all that wait, and each is asked again", async () => {
    const unauthenticated = { status: 401, body: { ...refused, status: 401, code: "unauthenticated" } };
    replies.push(unauthenticated, unauthenticated, { status: 200, body: {} }, { status: 200, body: { items: [1] } }, { status: 200, body: { items: [2] } });
    const both = await Promise.all([call(api.GET("/v1/projects")), call(api.GET("/v1/brand-kits"))]);
    expect(both.flatMap((one) => one.items as unknown[])).toEqual([1, 2]);
    expect(asked.filter((one) => new URL(one.url).pathname === "/v1/auth/refresh")).toHaveLength(1);
  });

  it("is told where it cannot be refreshed", async () => {
    const told = vi.fn();
    whenSessionEnds(told);
    const unauthenticated = { status: 401, body: { ...refused, status: 401, code: "unauthenticated" } };
    replies.push(unauthenticated, unauthenticated);
    await expect(call(api.GET("/v1/projects"))).rejects.toMatchObject({ status: 401 });
    expect(told).toHaveBeenCalledOnce();
  });

  it("sends what was refused once more where its person signs in again", async () => {
    whenSessionEnds(() => Promise.resolve(true));
    const unauthenticated = { status: 401, body: { ...refused, status: 401, code: "unauthenticated" } };
    replies.push(unauthenticated, unauthenticated, { status: 200, body: { items: [], next_cursor: null } });
    await expect(call(api.GET("/v1/projects"))).resolves.toMatchObject({ items: [] });
    expect(asked.map((one) => new URL(one.url).pathname)).toEqual(["/v1/projects", "/v1/auth/refresh", "/v1/projects"]);
  });

  it("leads to another organisation also while a refresh is on its way", async () => {
    replies.push({ status: 200, body: {} }, { status: 200, body: {} });
    await Promise.all([refreshSession(), refreshSession("other")]);
    expect(await Promise.all(asked.map((one) => one.json()))).toEqual([{}, { org_id: "other" }]);
  });

  it("is no reason to refresh while signing in", async () => {
    replies.push({ status: 401, body: { ...refused, status: 401, code: "wrong-credentials" } });
    const pending = api.POST("/v1/auth/login", { body: { email: "a@example.org", password: "x" } });
    await expect(call(pending)).rejects.toMatchObject({ code: "wrong-credentials" });
    expect(asked).toHaveLength(1);
  });
});
