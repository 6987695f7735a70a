import { api, call, type Schemas } from "~/api/client";
import { askPasskey } from "~/session/passkey";

/** A sign-in by passkey; `challenge`: as the second factor of one that has begun. */
export async function signInByPasskey(challenge: string | null): Promise<Schemas["SignedIn"]> {
  const ceremony = await call(api.POST("/v1/auth/passkey/options", { body: { challenge } }));
  const credential = await askPasskey(ceremony.options as Record<string, unknown>);
  return call(api.POST("/v1/auth/passkey", { body: { ticket: ceremony.ticket, credential, challenge, cookies: true } }));
}
