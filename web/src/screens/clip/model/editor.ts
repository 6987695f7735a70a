/** One open clip: its edit, its words, its player, what is selected, and what can be done with it. */
import { computed, signal, type Signal } from "@preact/signals";
import type { Schemas } from "~/api/client";
import { applied, type Material, type Operation } from "./apply";
import { cuesOf } from "./captions";
import type { ClipEdit, Word } from "./clock";
import type { Picture } from "./crops";
import { Gaps } from "./gaps";
import { redoVersion, stepsOf, undoVersion, type EditVersion } from "./history";
import { changeOf, lookOf, type Look } from "./look";
import { ClipPlayer } from "./player";
import { Saver, type Port } from "./saver";
import { blocksOf, boundOperations, cutOperations, restoreOperations, type Selection } from "./words";

/** How long arrows have to rest until what they moved is saved: many presses are one change. */
const REST_MS = 600;

export type Tab = "text" | "captions" | "crop" | "sound" | "history" | "files";

export interface Opened {
  clip: Schemas["Clip"];
  edit: ClipEdit;
  versions: EditVersion[];
  words: Word[];
  durationMs: number;
  /** Null: the project has no transcript. */
  transcriptVersion: number | null;
  hasEnglish: boolean;
  /** Look of an edit that names none. */
  base: Look;
  /** Caption template of the project. */
  template: string;
  canEdit: boolean;
}

export class Editor {
  readonly clipId: string;
  readonly words: Word[];
  readonly durationMs: number;
  readonly hasEnglish: boolean;
  readonly template: string;
  readonly gaps: Gaps;
  readonly saver: Saver;
  readonly player = new ClipPlayer();
  readonly tab = signal<Tab>("text");
  readonly selection = signal<Selection | null>(null);
  /** Segment whose handles are shown. */
  readonly segmentId = signal<string | null>(null);
  readonly zoom = signal(1);
  readonly context = signal(0);
  /** Size of the source's picture; null: not known yet, or none. */
  readonly picture = signal<Picture | null>(null);
  readonly shots = signal<number[]>([]);
  /** The edit while something is dragged. */
  readonly draft = signal<ClipEdit | null>(null);
  /** What somebody who may not edit looks at instead of the saved look. */
  private readonly own: Signal<Partial<Look>> = signal({});
  private readonly base: Look;
  private readonly canEdit: boolean;
  readonly edit;
  readonly look;
  readonly blocks;
  readonly cues;
  readonly steps;
  private resting: { operations: Operation[]; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(opened: Opened, port: Port) {
    this.clipId = opened.clip.clip_id;
    this.words = opened.words;
    this.durationMs = opened.durationMs;
    this.hasEnglish = opened.hasEnglish;
    this.gaps = new Gaps(opened.words, opened.durationMs);
    this.template = opened.template;
    this.base = opened.base;
    this.canEdit = opened.canEdit;
    this.saver = new Saver(opened.edit, opened.versions, port, () => this.material);
    this.edit = computed(() => this.draft.value ?? this.saver.shown.value);
    this.look = computed(() => ({ ...lookOf(this.edit.value.look, this.base), ...this.own.value }));
    this.blocks = computed(() => blocksOf(this.edit.value, this.words, this.context.value));
    this.cues = computed(() => cuesOf(this.edit.value, this.words));
    this.steps = computed(() => stepsOf(this.saver.versions.value));
  }

  get material(): Material {
    return { words: this.words, gaps: this.gaps };
  }

  do(operations: Operation[]): void {
    this.settle();
    this.draft.value = null;
    this.saver.push(operations);
  }

  /** Show what operations would come to, without saving: while a handle is held. */
  try(operations: Operation[]): void {
    this.draft.value = applied(this.saver.shown.peek(), operations, this.material);
  }

  /** Show what operations would come to, and save them once no others follow. */
  nudge(operations: Operation[]): void {
    if (this.resting) clearTimeout(this.resting.timer);
    this.resting = { operations, timer: setTimeout(() => this.settle(), REST_MS) };
    this.try(operations);
  }

  /** Save at once what `nudge` showed. */
  settle(): void {
    const resting = this.resting;
    if (!resting) return;
    clearTimeout(resting.timer);
    this.resting = null;
    this.do(resting.operations);
  }

  /** Save a change of the look; who may not edit sees it alone. */
  setLook(change: Partial<Look>): void {
    const saved = { ...lookOf(this.saver.shown.peek().look, this.base), ...this.own.peek() };
    const look = changeOf(saved, change);
    if (!this.canEdit) this.own.value = { ...this.own.peek(), ...change };
    else if (look) this.do([{ op: "look", look }]);
    else this.draft.value = null;
  }

  /** Show a change of the look while it is dragged or typed. */
  tryLook(change: Partial<Look>): void {
    const look = changeOf(lookOf(this.saver.shown.peek().look, this.base), change);
    if (this.canEdit) this.try([{ op: "look", look: look ?? {} }]);
  }

  cut(): void {
    const selection = this.selection.peek();
    if (!selection) return;
    const operations = cutOperations(selection, this.blocks.peek());
    this.selection.value = null;
    this.do(operations);
  }

  restore(): void {
    const selection = this.selection.peek();
    if (!selection) return;
    this.selection.value = null;
    this.do(restoreOperations(selection, this.blocks.peek(), this.words, this.gaps));
  }

  bound(side: "in" | "out"): void {
    const { index, sourceMs } = this.player.place;
    this.do(boundOperations(this.edit.peek(), index, sourceMs, side));
  }

  split(): void {
    const { index, sourceMs } = this.player.place;
    const piece = this.edit.peek().segments[index];
    if (piece) this.do([{ op: "split", segment_id: piece.segment_id, at_ms: Math.round(sourceMs) }]);
  }

  /** Play a segment before another, or at the end. */
  move(from: number, to: number): void {
    const pieces = this.edit.peek().segments;
    const piece = pieces[from];
    if (!piece || from === to || to < 0 || to >= pieces.length) return;
    const others = pieces.filter((one) => one !== piece);
    this.do([{ op: "move", segment_id: piece.segment_id, before: others[to]?.segment_id ?? null }]);
  }

  undo(): Promise<void> {
    return this.go(undoVersion);
  }

  redo(): Promise<void> {
    return this.go(redoVersion);
  }

  private async go(where: typeof undoVersion): Promise<void> {
    const { saver } = this;
    this.settle();
    if (saver.phase.peek() === "offline" || saver.phase.peek() === "signed-out") {
      if (where === undoVersion) saver.takeBack();
      return;
    }
    await saver.flush();
    const version = where(this.steps.peek());
    if (version !== null) saver.push([{ op: "restore", version }], true);
  }
}
