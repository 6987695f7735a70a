/** What can be known of a picked file before a byte of it is sent. */
import type { MediaFacts } from "./model";

const HEAD_BYTES = 256 * 1024;
const FACTS_MS = 8_000;
const MEDIA = /\.(3gp|aac|aif|aiff|avi|flac|flv|m2ts|m4a|m4v|mka|mkv|mov|mp3|mp4|mpeg|mpg|mts|mxf|oga|ogg|ogv|opus|ts|vob|wav|webm|wma|wmv)$/i;
const TEXT = /\.(md|markdown|txt)$/i;

export type FileFault = "empty" | "unreadable" | "text" | "not-media";

export interface CheckedFile {
  fault: FileFault | null;
  head: string;
}

/** A fingerprint of bytes (cyrb53): to know a file again, not to guard it. */
export function fingerprint(bytes: Uint8Array): string {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 2654435761);
    two = Math.imul(two ^ byte, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return (4294967296 * (2097151 & two) + (one >>> 0)).toString(36);
}

/** Whether bytes are plain text: a renamed text file is told from a video by its first bytes. */
export function looksLikeText(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.slice(0, 512).every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
}

/** Read a file's head, and say why it cannot be a source. */
export async function checkFile(file: File): Promise<CheckedFile> {
  if (file.size === 0) return { fault: "empty", head: "" };
  let head: Uint8Array;
  try {
    head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    return { fault: "unreadable", head: "" };
  }
  const told = fingerprint(head);
  if (TEXT.test(file.name)) return { fault: "text", head: told };
  const media = MEDIA.test(file.name) || file.type.startsWith("video/") || file.type.startsWith("audio/");
  return { fault: !media || looksLikeText(head) ? "not-media" : null, head: told };
}

/** Whether a file that was picked can still be read as it was. */
export async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 16).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Length and picture of a file, as far as the browser can play it. */
export function readFacts(file: File): Promise<MediaFacts> {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  return new Promise<MediaFacts>((resolve) => {
    const done = (known: boolean) => {
      clearTimeout(timer);
      const seconds = known && Number.isFinite(video.duration) && video.duration > 0 ? video.duration : null;
      resolve({
        durationMs: seconds === null ? null : Math.max(1, Math.round(seconds * 1000)),
        widthPx: video.videoWidth >= 16 ? video.videoWidth : null,
        heightPx: video.videoHeight >= 16 ? video.videoHeight : null,
      });
    };
    const timer = setTimeout(() => done(false), FACTS_MS);
    video.preload = "metadata";
    video.muted = true;
    video.onloadedmetadata = () => done(true);
    video.onerror = () => done(false);
    video.src = url;
  }).finally(() => {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  });
}
