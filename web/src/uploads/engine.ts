/** What a person does with uploads, and what follows of itself: turns, progress, and the project at the end. */
import { effect } from "@preact/signals";
import { api, call } from "~/api/client";
import { asProblem } from "~/api/problem";
import { invalidate } from "~/api/query";
import { sessionState } from "~/session/session";
import { checkFile, readFacts, type FileFault } from "./files";
import { forget, keep, readKept } from "./kept";
import { hold, release } from "./locks";
import { dropUpload, findUpload, isMoving, newKey, patchUpload, uploads, type ProjectPlan, type Upload } from "./model";
import { patiently } from "./patience";
import { SpeedMeter, Spaced } from "./speed";
import { FileChanged, transfer } from "./transfer";

/** Files that are sent at once; the others wait for their turn. */
const FILES_AT_ONCE = 2;
const TOLD_EVERY_MS = 200;
/** An upload is gone a day after its last byte. */
const KEPT_MS = 24 * 3_600_000;

const files = new Map<string, File>();
const running = new Map<string, AbortController>();
let currentOrg: string | null = null;

export type Refused = { name: string; fault: FileFault | "same" | "other" };

/** Uploads of an organisation, those of an earlier visit too. Those of another one stop, and are found again there. */
export async function openUploadsOf(orgId: string): Promise<void> {
  if (orgId === currentOrg) return;
  closeUploads();
  currentOrg = orgId;
  for (const kept of await readKept(orgId)) {
    if (currentOrg !== orgId || findUpload(kept.id) || !(await hold(kept.id))) continue;
    if (kept.uploadId === null && Date.now() - kept.createdAt > KEPT_MS) {
      void lose(kept.id);
      continue;
    }
    uploads.value = [...uploads.peek(), { ...kept, state: "needs-file", sentBytes: 0, bytesPerS: null, problem: null, fault: null, projectId: null }];
    void lookAgain(kept.id);
  }
}

/** Stop everything: the person has left, or works for another organisation. */
export function closeUploads(): void {
  currentOrg = null;
  for (const control of running.values()) control.abort();
  for (const one of uploads.peek()) release(one.id);
  running.clear();
  files.clear();
  uploads.value = [];
}

/** Ask how an upload of an earlier visit stands: it may have arrived whole. */
async function lookAgain(id: string): Promise<void> {
  const upload = findUpload(id);
  if (!upload?.uploadId) return;
  try {
    const found = await call(api.GET("/v1/uploads/{upload_id}", { params: { path: { upload_id: upload.uploadId } } }));
    if (found.state === "complete") return arrive(id);
    const sentBytes = found.state === "open" ? (found.arrived ?? []).reduce((sum, part) => sum + part.size_bytes, 0) : 0;
    if (findUpload(id)?.state === "needs-file") patchUpload(id, { sentBytes });
  } catch (error) {
    if (asProblem(error).status === 404) await lose(id);
  }
}

/** Take files in. A file that waits to be picked again goes on; returns those that are not taken, and why. */
export async function addFiles(picked: readonly File[]): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const file of picked) {
    const { fault, head } = await checkFile(file);
    const same = uploads.peek().find((one) => one.name === file.name && one.size === file.size && one.modified === file.lastModified && one.head === head && one.state !== "started");
    if (fault) refused.push({ name: file.name, fault });
    else if (same && same.state !== "needs-file" && same.state !== "failed") refused.push({ name: file.name, fault: "same" });
    else if (same) begin(same.id, file);
    else await take(file, head);
  }
  return refused;
}

/** Go on with a file that was picked again; false where it is another file. */
export async function giveFile(id: string, file: File): Promise<boolean> {
  const upload = findUpload(id);
  const { head } = await checkFile(file);
  if (!upload || upload.name !== file.name || upload.size !== file.size || upload.modified !== file.lastModified || upload.head !== head) return false;
  begin(id, file);
  return true;
}

async function take(file: File, head: string): Promise<void> {
  if (currentOrg === null) return;
  const upload: Upload = {
    id: newKey(), orgId: currentOrg, name: file.name, size: file.size, modified: file.lastModified, head, createdAt: Date.now(), uploadId: null,
    partBytes: null, plan: null, facts: null, state: "waiting", sentBytes: 0, bytesPerS: null, problem: null, fault: null, projectId: null,
  };
  uploads.value = [...uploads.peek(), upload];
  await hold(upload.id);
  await keep(upload);
  begin(upload.id, file);
  const facts = await readFacts(file);
  change(upload.id, { facts });
}

function begin(id: string, file: File): void {
  files.set(id, file);
  patchUpload(id, { state: "waiting", problem: null, fault: null });
  takeTurns();
}

/** Change an upload, on the screen and in what is kept. */
function change(id: string, part: Partial<Upload>): void {
  patchUpload(id, part);
  const upload = findUpload(id);
  if (upload) void keep(upload);
}

function takeTurns(): void {
  for (const one of uploads.peek()) {
    if (running.size >= FILES_AT_ONCE) return;
    if (one.state === "waiting" && !running.has(one.id) && files.has(one.id)) void send(one.id, files.get(one.id)!);
  }
}

async function send(id: string, file: File): Promise<void> {
  const control = new AbortController();
  running.set(id, control);
  const upload = findUpload(id)!;
  const meter = new SpeedMeter();
  const progress = new Spaced<Pick<Upload, "sentBytes" | "bytesPerS">>(TOLD_EVERY_MS, (now) => control.signal.aborted || patchUpload(id, { state: "sending", ...now }));
  patchUpload(id, { state: "sending", problem: null, fault: null, bytesPerS: null });
  try {
    const uploadId = await transfer({
      file,
      begun: upload.uploadId === null ? null : { uploadId: upload.uploadId, partBytes: upload.partBytes },
      signal: control.signal,
      onBegun: async (begun) => {
        patchUpload(id, begun);
        const now = findUpload(id);
        if (now) await keep(now);
      },
      onProgress: (sentBytes) => {
        if (control.signal.aborted) return;
        progress.tell({ sentBytes, bytesPerS: meter.add(performance.now(), sentBytes) });
      },
      onWait: (offline) => {
        if (!offline) return;
        progress.stop();
        patchUpload(id, { state: "offline", bytesPerS: null });
      },
      onFinishing: () => {
        progress.stop();
        patchUpload(id, { state: "finishing", sentBytes: file.size, bytesPerS: null });
      },
    });
    patchUpload(id, { uploadId });
    arrive(id);
  } catch (error) {
    progress.stop();
    if (!control.signal.aborted) {
      if (error instanceof FileChanged) patchUpload(id, { state: "failed", fault: "changed", bytesPerS: null });
      else patchUpload(id, { state: "failed", problem: asProblem(error), bytesPerS: null });
      control.abort();
    }
  } finally {
    if (running.get(id) === control) running.delete(id);
    takeTurns();
  }
}

function arrive(id: string): void {
  const upload = findUpload(id);
  if (!upload) return;
  change(id, { state: "sent", sentBytes: upload.size, bytesPerS: null });
  files.delete(id);
  if (upload.plan) void makeProject(id, upload.plan);
}

export function pauseUpload(id: string): void {
  running.get(id)?.abort();
  running.delete(id);
  patchUpload(id, { state: "paused", bytesPerS: null });
  takeTurns();
}

export function resumeUpload(id: string): void {
  const upload = findUpload(id);
  if (!upload) return;
  if (upload.state === "failed" && upload.plan && upload.sentBytes >= upload.size && !files.has(id)) void makeProject(id, upload.plan);
  else if (files.has(id)) begin(id, files.get(id)!);
  else patchUpload(id, { state: "needs-file", problem: null, fault: null });
}

/** End an upload and forget it; what the store holds of it is removed. */
export async function cancelUpload(id: string): Promise<void> {
  const upload = findUpload(id);
  running.get(id)?.abort();
  running.delete(id);
  await lose(id);
  takeTurns();
  if (!upload?.uploadId || upload.state === "sent") return;
  await call(api.DELETE("/v1/uploads/{upload_id}", { params: { path: { upload_id: upload.uploadId } } })).catch(() => undefined);
}

/** Take a file off the list whose project has begun. */
export async function lose(id: string): Promise<void> {
  files.delete(id);
  release(id);
  dropUpload(id);
  await forget(id);
}

/** Files without a plan get this one; each becomes a project as soon as it has arrived. Returns how many they are. */
export function planProjects(ids: readonly string[], plan: Omit<ProjectPlan, "key">): string[] {
  const taken: string[] = [];
  for (const id of ids) {
    const upload = findUpload(id);
    if (!upload || upload.plan || upload.state === "started") continue;
    const own = { ...plan, key: newKey() };
    change(id, { plan: own, problem: null });
    taken.push(id);
    if (upload.state === "sent") void makeProject(id, own);
  }
  return taken;
}

async function makeProject(id: string, plan: ProjectPlan): Promise<void> {
  const upload = findUpload(id);
  if (!upload?.uploadId || upload.state === "starting") return;
  const { key, ...body } = plan;
  const control = running.get(id) ?? new AbortController();
  patchUpload(id, { state: "starting", problem: null });
  try {
    const accepted = await patiently(
      () => call(api.POST("/v1/projects", { body: { ...body, upload_id: upload.uploadId }, headers: { "Idempotency-Key": key } })),
      control.signal,
      () => undefined,
    );
    patchUpload(id, { state: "started", projectId: accepted.project_id });
    release(id);
    await forget(id);
    invalidate("projects");
  } catch (error) {
    const problem = asProblem(error);
    // Refused for what it asks: the person changes the options and starts again. Not answered: the same again.
    change(id, problem.status >= 400 && problem.status < 500 ? { state: "sent", problem, plan: null } : { state: "failed", problem });
  }
}

effect(() => {
  if (sessionState.value.kind === "signed-out") closeUploads();
});

addEventListener("beforeunload", (event) => {
  if (uploads.peek().some(isMoving)) event.preventDefault();
});
