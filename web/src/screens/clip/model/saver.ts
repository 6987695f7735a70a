/**
 * Saves an edit: each change is one batch of operations, one request and one version, in their order.
 *
 * What is not saved yet is shown already, and kept while the network or the session is away. If somebody else changed the
 * clip meanwhile, their version is read and own batches are sent on top of it, where they still fit.
 */
import { computed, signal } from "@preact/signals";
import { asProblem, type ApiProblem } from "~/api/problem";
import { applied, type Material, type Operation } from "./apply";
import type { ClipEdit } from "./clock";
import type { EditVersion } from "./history";

export type Phase = "saved" | "waiting" | "saving" | "offline" | "signed-out" | "gone";

export interface Port {
  /** Make the next version of `version`. `key`: the same again after a lost answer makes no second one. */
  change: (operations: Operation[], version: number, key: string) => Promise<ClipEdit & { changed: boolean }>;
  read: () => Promise<ClipEdit>;
  /** Newest first. */
  versions: () => Promise<EditVersion[]>;
  /** Who edits here. */
  me: EditVersion["actor"];
}

/** What others did meanwhile, and what became of own changes. `nothing`: what one looked for is not in the clip. */
export interface News {
  kind: "theirs" | "both" | "dropped" | "refused" | "nothing";
  versions: EditVersion[];
  problem: ApiProblem | null;
}

interface Batch {
  operations: Operation[];
  key: string;
}

const WAIT_MS = 350;
const RETRIES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class Saver {
  readonly saved;
  readonly versions;
  readonly phase = signal<Phase>("saved");
  readonly shown;
  private readonly pending = signal<Batch[]>([]);
  private readonly known = new Map<number, ClipEdit>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running: Promise<void> | null = null;
  private fails = 0;
  onNews: (news: News) => void = () => {};

  constructor(edit: ClipEdit, versions: EditVersion[], private readonly port: Port, private readonly material: () => Material) {
    this.saved = signal(edit);
    this.versions = signal(versions);
    this.known.set(edit.version, edit);
    this.shown = computed(() => this.foreseen(this.saved.value, this.pending.value));
  }

  /** The edit with all batches of which the outcome is known. */
  private foreseen(edit: ClipEdit, batches: readonly Batch[]): ClipEdit {
    let result = edit;
    for (const batch of batches) result = applied(result, batch.operations, { ...this.material(), versions: this.known }) ?? result;
    return result;
  }

  get isClean(): boolean {
    return this.pendingCount === 0;
  }

  get pendingCount(): number {
    return this.pending.value.length;
  }

  /** Add one change. `soon`: without the short wait in which a further undo can take it back unsent. */
  push(operations: Operation[], soon = false): void {
    if (operations.length === 0 || this.phase.value === "gone") return;
    this.pending.value = [...this.pending.value, { operations, key: crypto.randomUUID() }];
    if (this.phase.value === "saved") this.phase.value = "waiting";
    if (this.running || this.phase.value === "signed-out") return;
    this.schedule(soon ? 0 : WAIT_MS);
  }

  /** Take back a change that was not sent; false: there is none. */
  takeBack(): boolean {
    const batches = this.pending.value;
    const sending = this.running && this.phase.value === "saving" ? 1 : 0;
    if (batches.length <= sending) return false;
    this.pending.value = batches.slice(0, -1);
    if (this.isClean && !this.running) this.settle();
    return true;
  }

  private settle(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.phase.value = "saved";
  }

  private schedule(ms: number): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.flush();
    }, ms);
  }

  /** Send what waits; ends when all is saved or cannot be for now. */
  flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.running ??= this.send().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async send(): Promise<void> {
    while (!this.isClean && this.phase.value !== "gone") {
      this.phase.value = "saving";
      const batch = this.pending.value[0]!;
      try {
        const answer = await this.port.change(batch.operations, this.saved.value.version, batch.key);
        this.fails = 0;
        this.accept(answer, batch);
      } catch (error) {
        if (!(await this.recover(asProblem(error), batch))) return;
      }
    }
    if (this.phase.value !== "gone") this.phase.value = "saved";
  }

  private accept(answer: ClipEdit & { changed: boolean }, batch: Batch): void {
    const { changed, ...edit } = answer;
    this.known.set(edit.version, edit);
    if (changed) {
      const own: EditVersion = {
        version: edit.version, made_by: "person", created_at: new Date().toISOString(),
        base_version: edit.base_version, actor: this.port.me, note: "", operations: batch.operations,
      };
      this.versions.value = [own, ...this.versions.value.filter((one) => one.version !== own.version)];
    } else if (batch.operations.every(({ op }) => op === "drop_fillers" || op === "drop_pauses")) {
      this.onNews({ kind: "nothing", versions: [], problem: null });
    }
    this.pending.value = this.pending.value.filter((one) => one !== batch);
    this.saved.value = edit;
  }

  /** Whether to go on sending. */
  private async recover(problem: ApiProblem, batch: Batch): Promise<boolean> {
    if (problem.status === 412) return this.meet(batch);
    if (problem.status === 401) {
      this.phase.value = "signed-out";
      return false;
    }
    if (problem.isOffline || problem.status === 429 || problem.status >= 500) {
      this.phase.value = "offline";
      const wait = problem.retryAfterS === null ? RETRIES_MS[Math.min(this.fails, RETRIES_MS.length - 1)]! : problem.retryAfterS * 1000;
      this.fails += 1;
      this.schedule(wait);
      return false;
    }
    if (problem.status === 410 || problem.status === 404) {
      this.phase.value = "gone";
      return false;
    }
    this.drop(batch);
    this.onNews({ kind: "refused", versions: [], problem });
    return true;
  }

  private drop(batch: Batch): void {
    this.pending.value = this.pending.value.filter((one) => one !== batch);
  }

  /** Somebody else made a version: read it, and see whether this batch still fits. */
  private async meet(batch: Batch): Promise<boolean> {
    try {
      const theirs = await this.readNewest();
      batch.key = crypto.randomUUID();
      if (fits(batch.operations, this.saved.value)) {
        this.onNews({ kind: "both", versions: theirs, problem: null });
      } else {
        this.drop(batch);
        this.onNews({ kind: "dropped", versions: theirs, problem: null });
      }
      return true;
    } catch (error) {
      return this.recover(asProblem(error), batch);
    }
  }

  private async readNewest(): Promise<EditVersion[]> {
    const before = this.saved.value.version;
    const [edit, versions] = await Promise.all([this.port.read(), this.port.versions()]);
    this.known.set(edit.version, edit);
    this.versions.value = versions;
    this.saved.value = edit;
    return versions.filter((one) => one.version > before);
  }

  /** A version that somebody else made, as a live event tells. Own waiting changes meet it when they are sent. */
  async hear(version: number): Promise<void> {
    if (this.running) await this.running;
    if (version <= this.saved.value.version || !this.isClean) return;
    const theirs = await this.readNewest();
    if (theirs.length > 0) this.onNews({ kind: "theirs", versions: theirs, problem: null });
  }

  /** Go on after the network or the session came back. */
  resume(): void {
    if (this.isClean || this.running || this.phase.value === "waiting") return;
    this.phase.value = "waiting";
    this.schedule(0);
  }
}

/** Whether operations name only segments that are there still; the rest the server judges. */
function fits(operations: readonly Operation[], edit: ClipEdit): boolean {
  const ids = new Set(edit.segments.map((piece) => piece.segment_id));
  return operations.every((operation) => {
    if ("segment_id" in operation && !ids.has(operation.segment_id)) return false;
    return !("before" in operation && operation.before) || ids.has(operation.before);
  });
}
