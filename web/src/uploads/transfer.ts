/** Sends one file to the object store, by signed URLs: small ones whole, others in parts, three at a time. */
import { api, call, type Schemas } from "~/api/client";
import { ApiProblem, asProblem, lostProblem } from "~/api/problem";
import { isReadable } from "./files";
import { newKey } from "./model";
import { patiently } from "./patience";

const MIB = 2 ** 20;
/** Above this a file is sent in parts, so that it goes on where it was after a break. */
const WHOLE_BYTES = 10 * MIB;
const PART_BYTES = 8 * MIB;
/** Above this the API chooses the parts. */
const OWN_PARTS_BYTES = 64 * MIB;
const AT_ONCE = 3;
const SIGNED_AT_ONCE = 50;

export interface Begun {
  uploadId: string;
  partBytes: number | null;
}

export interface Transfer {
  file: File;
  begun: Begun | null;
  signal: AbortSignal;
  onBegun: (begun: Begun) => Promise<void>;
  onProgress: (sentBytes: number) => void;
  /** Waits between two tries; `offline`: until there is a network. */
  onWait: (offline: boolean) => void;
  onFinishing: () => void;
}

/** The file cannot be read any more: it was changed, moved or erased. */
export class FileChanged extends Error {}

/** Number of parts to ask for; undefined leaves it to the API. */
export function wantedParts(size: number): number | undefined {
  return size > WHOLE_BYTES && size <= OWN_PARTS_BYTES ? Math.ceil(size / PART_BYTES) : undefined;
}

/** Put bytes at a signed URL. */
export function put(url: string, body: Blob, headers: Record<string, string>, signal: AbortSignal, onSent: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (error?: unknown) => {
      signal.removeEventListener("abort", stop);
      if (error === undefined) resolve();
      else reject(error);
    };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) {
      if (name.toLowerCase() !== "content-length") request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) end();
      else end(new ApiProblem({ title: request.statusText || "The store refused", status: request.status, code: "store" }));
    };
    request.onerror = () => end(lostProblem());
    request.onabort = () => end(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    else request.send(body);
  });
}

/** Send the file, or what is missing of it; returns its `upload_id`. */
export async function transfer(job: Transfer): Promise<string> {
  const patient = <T>(work: () => Promise<T>) => patiently(work, job.signal, job.onWait);
  let known = job.begun;
  for (;;) {
    const found = known && (await patient(() => standing(known!.uploadId, job.signal)));
    if (found?.state === "complete") return found.upload_id;
    if (known && found?.state === "open" && known.partBytes !== null) {
      await sendParts(job, known.uploadId, known.partBytes, found.arrived, []);
    } else {
      known = await begin(job, patient);
    }
    job.onFinishing();
    const whole = await patient(() => complete(known!.uploadId, job.signal));
    if (whole) return known.uploadId;
  }
}

/** How an upload stands; null: it is gone, and the file is sent anew. */
async function standing(uploadId: string, signal: AbortSignal): Promise<Schemas["Upload"] | null> {
  try {
    const found = await call(api.GET("/v1/uploads/{upload_id}", { params: { path: { upload_id: uploadId } }, signal }));
    return found.state === "aborted" ? null : found;
  } catch (error) {
    if ([404, 410].includes(asProblem(error).status)) return null;
    throw error;
  }
}

async function begin(job: Transfer, patient: <T>(work: () => Promise<T>) => Promise<T>): Promise<Begun> {
  const { file, signal } = job;
  const headers = { "Idempotency-Key": newKey() };
  const signed = await patient(() =>
    call(
      api.POST("/v1/uploads/sign", {
        body: { filename: file.name.slice(-255), size_bytes: file.size, content_type: file.type || null, parts: wantedParts(file.size) ?? null },
        headers,
        signal,
      }),
    ),
  );
  const begun = { uploadId: signed.upload_id, partBytes: signed.part_size_bytes ?? null };
  await job.onBegun(begun);
  if (begun.partBytes !== null) {
    await sendParts(job, begun.uploadId, begun.partBytes, [], signed.parts ?? []);
    return begun;
  }
  job.onProgress(0);
  await patient(() => guarded(file, put(signed.url!, file, signed.headers ?? {}, signal, job.onProgress)));
  return begun;
}

/** Whether everything had arrived; false: parts are missing, and are looked for again. */
async function complete(uploadId: string, signal: AbortSignal): Promise<boolean> {
  try {
    await call(api.POST("/v1/uploads/{upload_id}/complete", { params: { path: { upload_id: uploadId } }, body: { parts: [] }, signal }));
    return true;
  } catch (error) {
    if (asProblem(error).code === "upload-not-complete") return false;
    throw error;
  }
}

async function sendParts(job: Transfer, uploadId: string, partBytes: number, arrived: Schemas["ArrivedPart"][], signed: Schemas["SignedPart"][]): Promise<void> {
  const { file, signal } = job;
  const count = Math.ceil(file.size / partBytes);
  const lengthOf = (number: number) => Math.min(partBytes, file.size - (number - 1) * partBytes);
  const there = new Set(arrived.filter((part) => part.size_bytes === lengthOf(part.number)).map((part) => part.number));
  const missing = Array.from({ length: count }, (_, at) => at + 1).filter((number) => !there.has(number));
  const urls = new Map(signed.map((part) => [part.number, part.url]));
  const flying = new Map<number, number>();
  let landed = [...there].reduce((sum, number) => sum + lengthOf(number), 0);
  const tell = () => job.onProgress(landed + [...flying.values()].reduce((sum, sent) => sum + sent, 0));
  tell();

  const sign = async (number: number): Promise<string> => {
    const known = urls.get(number);
    if (known) return known;
    const numbers = [number, ...missing.filter((one) => one !== number && !urls.has(one))].slice(0, SIGNED_AT_ONCE);
    const answer = await call(api.POST("/v1/uploads/{upload_id}/parts", { params: { path: { upload_id: uploadId } }, body: { numbers }, signal }));
    for (const part of answer.parts) urls.set(part.number, part.url);
    return urls.get(number)!;
  };
  const sendOne = async (number: number): Promise<void> => {
    const start = (number - 1) * partBytes;
    const body = file.slice(start, start + lengthOf(number));
    try {
      await guarded(file, put(await sign(number), body, {}, signal, (bytes) => { flying.set(number, bytes); tell(); }));
    } catch (error) {
      flying.delete(number);
      if (asProblem(error).status !== 403 || !urls.delete(number)) throw error;
      throw new ApiProblem({ title: "The address of a part has expired", status: 503, code: "store" });
    }
    flying.delete(number);
    landed += lengthOf(number);
    tell();
  };
  const lane = async (): Promise<void> => {
    for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
      const current = number;
      await patiently(() => sendOne(current), signal, job.onWait);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing.length) }, lane));
}

/** Tell a file that cannot be read from a network that is away: the browser reports both alike. */
async function guarded(file: File, sending: Promise<void>): Promise<void> {
  try {
    await sending;
  } catch (error) {
    if (asProblem(error).status === 0 && !(await isReadable(file))) throw new FileChanged();
    throw error;
  }
}
