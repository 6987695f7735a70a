/** Which tab sends an upload: each is held by one, so that two tabs do not send the same bytes. */

const held = new Map<string, () => void>();

function nameOf(id: string): string {
  return `clipstream-upload-${id}`;
}

/** Hold an upload until it is released; false where another tab does. Without a secure context there are no locks. */
export function hold(id: string): Promise<boolean> {
  if (!navigator.locks || held.has(id)) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(nameOf(id), { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      if (lock === null) return undefined;
      return new Promise<void>((release) => held.set(id, release));
    });
  });
}

export function release(id: string): void {
  held.get(id)?.();
  held.delete(id);
}
