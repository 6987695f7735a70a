import { expect, test } from "vitest";
import { qrRows } from "./qr";

/** As another encoder makes it, with the same mask. */
const SMALL = `
111111100011101111111
100000101111001000001
101110100100001011101
101110100110001011101
101110101010101011101
100000100011001000001
111111101010101111111
000000000101000000000
101010100110100010010
011111010100111010001
000101111111100010111
101111011001010100001
110111111001100001010
000000001100101111011
111111100001110110111
100000100000110100011
101110101011000110010
101110100001101011010
101110101111110111101
100000100111000000010
111111101111110111011`;

function drawn(text: string): string {
  return qrRows(text).map((row) => row.map(Number).join("")).join("\n");
}

async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(drawn(text)));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("a short text is one block", () => {
  expect(drawn("otpauth://totp")).toBe(SMALL.trim());
});

test("a long text of several blocks, with letters of two bytes", async () => {
  const text = `otpauth://totp/Clipstream:owner%40example.org?secret=ABCDEFG&issuer=Clipstream${"xyzäöü0123456789".repeat(6)}`.slice(0, 163);
  expect(new TextEncoder().encode(text).length).toBe(180);
  expect(qrRows(text).length).toBe(53);
  expect(await digest(text)).toBe("3e98d6e2d1a7cf5e016063628aefc96b8830ce798d424e40193c0b1c3ddcb57c");
});

test("what is too long is refused", () => {
  expect(qrRows("x".repeat(666)).length).toBe(97);
  expect(() => qrRows("x".repeat(667))).toThrow(RangeError);
});
