/** Uploads in IndexedDB. Where the browser has none (a private window), they last as long as the page. */
import type { KeptUpload } from "./model";

const NAME = "clipstream";
const STORE = "uploads";

let opened: Promise<IDBDatabase | null> | null = null;

function open(): Promise<IDBDatabase | null> {
  opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opened;
}

async function inStore<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  const database = await open();
  if (!database) return undefined;
  return new Promise((resolve) => {
    const request = ask(database.transaction(STORE, mode).objectStore(STORE));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined);
  });
}

export async function readKept(orgId: string): Promise<KeptUpload[]> {
  const all = ((await inStore("readonly", (store) => store.getAll())) ?? []) as KeptUpload[];
  return all.filter((one) => one.orgId === orgId).sort((a, b) => a.createdAt - b.createdAt);
}

/** Write what of an upload outlives the page. */
export async function keep(upload: KeptUpload): Promise<void> {
  const { id, orgId, name, size, modified, head, createdAt, uploadId, partBytes, plan, facts } = upload;
  await inStore("readwrite", (store) => store.put({ id, orgId, name, size, modified, head, createdAt, uploadId, partBytes, plan, facts }));
}

export async function forget(id: string): Promise<void> {
  await inStore("readwrite", (store) => store.delete(id));
}
