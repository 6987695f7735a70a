/** Passkeys: what the API asks goes to the browser, and what the browser answers comes back as JSON (WebAuthn). */
import { ApiProblem } from "~/api/problem";
import { t } from "./messages";

type Json = Record<string, unknown>;
/** What a browser answered; the client that is generated knows no more of it than that it is an object. */
export type PasskeyAnswer = Record<string, never>;

/** Whether this page can have passkeys: they belong to the name of a host, and an address of numbers is none. */
export function passkeysPossible(host: string = location.hostname): boolean {
  const isNumber = /^[\d.]+$/.test(host) || host.includes(":");
  return window.isSecureContext && typeof PublicKeyCredential === "function" && !isNumber;
}

export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

export function toBase64Url(bytes: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function described(list: unknown): PublicKeyCredentialDescriptor[] {
  const entries = (list ?? []) as (Json & { id: string })[];
  return entries.map((one) => ({ ...(one as unknown as PublicKeyCredentialDescriptor), id: fromBase64Url(one.id) }));
}

async function asked(ceremony: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await ceremony;
    if (credential instanceof PublicKeyCredential) return credential;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "InvalidStateError") throw refusal(t("passkeyKnown"), "");
    if (error.name !== "NotAllowedError" && error.name !== "AbortError") throw refusal(t("passkeyEnded"), error.message);
  }
  throw refusal(t("passkeyEnded"), t("passkeyEndedText"));
}

function refusal(title: string, detail: string): ApiProblem {
  return new ApiProblem({ title, detail, status: -1, code: "passkey" });
}

function answered(credential: PublicKeyCredential, response: Json): PasskeyAnswer {
  return {
    id: credential.id,
    rawId: toBase64Url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: toBase64Url(credential.response.clientDataJSON), ...response },
  } as unknown as PasskeyAnswer;
}

/** Make a passkey by `options` of `POST /v1/account/passkeys/options`. Throws an ApiProblem where the browser ends it. */
export async function makePasskey(options: Json): Promise<PasskeyAnswer> {
  const user = options["user"] as Json & { id: string };
  const publicKey = {
    ...options,
    challenge: fromBase64Url(options["challenge"] as string),
    user: { ...user, id: fromBase64Url(user.id) },
    excludeCredentials: described(options["excludeCredentials"]),
  } as unknown as PublicKeyCredentialCreationOptions;
  const credential = await asked(navigator.credentials.create({ publicKey }));
  const response = credential.response as AuthenticatorAttestationResponse;
  return answered(credential, {
    attestationObject: toBase64Url(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

/** Sign by a passkey what `POST /v1/auth/passkey/options` asks. Throws an ApiProblem where the browser ends it. */
export async function askPasskey(options: Json): Promise<PasskeyAnswer> {
  const publicKey = {
    ...options,
    challenge: fromBase64Url(options["challenge"] as string),
    allowCredentials: described(options["allowCredentials"]),
  } as unknown as PublicKeyCredentialRequestOptions;
  const credential = await asked(navigator.credentials.get({ publicKey }));
  const response = credential.response as AuthenticatorAssertionResponse;
  return answered(credential, {
    authenticatorData: toBase64Url(response.authenticatorData),
    signature: toBase64Url(response.signature),
    userHandle: response.userHandle ? toBase64Url(response.userHandle) : null,
  });
}
