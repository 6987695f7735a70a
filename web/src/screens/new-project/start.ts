/** Begins projects: each source becomes one, however often the button is pressed or an answer is lost. */
import { api, call, type Schemas } from "~/api/client";
import { invalidate } from "~/api/query";
import { newKey } from "~/uploads/model";

/** The key of the last request that was not answered: the same request gets the same key. */
let last: { body: string; key: string } | null = null;

export async function createProject(body: Schemas["CreateProject"]): Promise<Schemas["Accepted"]> {
  const text = JSON.stringify(body);
  if (last?.body !== text) last = { body: text, key: newKey() };
  const accepted = await call(api.POST("/v1/projects", { body, headers: { "Idempotency-Key": last.key } }));
  last = null;
  invalidate("projects");
  return accepted;
}
