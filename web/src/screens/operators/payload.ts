/** Bytes of a message as a person can read them. */

const SHOWN_BYTES = 4_096;

export interface Payload {
  text: string;
  /** Whether the bytes are no text, and are shown in hexadecimal. */
  binary: boolean;
  size: number;
  shown: number;
}

/** JSON set out on lines, other text as it is, and other bytes in hexadecimal, 16 on a line. */
export function payloadOf(base64: string): Payload {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text: setOut(text), binary: false, size: bytes.length, shown: bytes.length };
  } catch {
    const some = bytes.slice(0, SHOWN_BYTES);
    const lines: string[] = [];
    for (let at = 0; at < some.length; at += 16) {
      const line = [...some.slice(at, at + 16)].map((one) => one.toString(16).padStart(2, "0")).join(" ");
      lines.push(`${at.toString(16).padStart(6, "0")}  ${line}`);
    }
    return { text: lines.join("\n"), binary: true, size: bytes.length, shown: some.length };
  }
}

function setOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
