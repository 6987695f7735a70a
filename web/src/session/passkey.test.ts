import { afterEach, expect, test, vi } from "vitest";
import { ApiProblem } from "~/api/problem";
import { askPasskey, fromBase64Url, passkeysPossible, toBase64Url } from "./passkey";

class Credential {
  id = "AQID";
  type = "public-key";
  rawId = new Uint8Array([1, 2, 3]).buffer;
  authenticatorAttachment = "platform";
  response = { clientDataJSON: this.rawId, authenticatorData: this.rawId, signature: this.rawId, userHandle: null };
  getClientExtensionResults = () => ({});
}

afterEach(() => vi.unstubAllGlobals());

test("bytes go to text and back, whatever they are", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const text = toBase64Url(bytes.buffer);
  expect(text).not.toMatch(/[+/=]/);
  expect([...fromBase64Url(text)]).toEqual([...bytes]);
});

test("an address of numbers has no passkeys", () => {
  vi.stubGlobal("PublicKeyCredential", Credential);
  vi.stubGlobal("isSecureContext", true);
  expect(passkeysPossible("localhost")).toBe(true);
  expect(passkeysPossible("clips.example.org")).toBe(true);
  expect(passkeysPossible("127.0.0.1")).toBe(false);
  expect(passkeysPossible("[::1]")).toBe(false);
});

test("what the browser answers goes out as JSON", async () => {
  vi.stubGlobal("PublicKeyCredential", Credential);
  const get = vi.fn(async () => new Credential());
  vi.stubGlobal("navigator", { credentials: { get } });
  const answer = await askPasskey({ challenge: "AQID", allowCredentials: [{ id: "BAUG", type: "public-key" }] });
  const asked = (get.mock.calls as unknown as [{ publicKey: PublicKeyCredentialRequestOptions }][])[0]![0].publicKey;
  expect([...new Uint8Array(asked.allowCredentials![0]!.id as ArrayBuffer)]).toEqual([4, 5, 6]);
  expect(answer).toMatchObject({ id: "AQID", rawId: "AQID", response: { signature: "AQID", userHandle: null } });
});

test("a person who cancels is told so, in words", async () => {
  vi.stubGlobal("PublicKeyCredential", Credential);
  vi.stubGlobal("navigator", { credentials: { get: () => Promise.reject(new DOMException("no", "NotAllowedError")) } });
  await expect(askPasskey({ challenge: "AQID" })).rejects.toThrow(ApiProblem);
});
