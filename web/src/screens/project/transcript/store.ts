/**
 * Saves corrections one after another, each on the newest version, with a way back; asks where another person was faster.
 *
 * What a person wrote is shown at once. A refusal puts back what the server has, and is told.
 */
import { signal } from "@preact/signals";
import { api, call, type Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";
import { invalidate, setQuery } from "~/api/query";
import { tell, tellProblem } from "~/state/toasts";
import { keys } from "../data";
import { applied, editOf, inverseOf, meet, textOf, type Meeting, type WordEdit } from "./corrections";
import { t } from "./messages";
import type { Segment, Transcript } from "./paragraphs";

export type SpeakerEdit = Schemas["CorrectSpeakers"]["edits"][number];

type Step = { kind: "words"; edit: WordEdit } | { kind: "speakers"; edits: SpeakerEdit[] };

export interface Conflict {
  meeting: Exclude<Meeting, { kind: "clean" }>;
  mine: string;
  before: string;
}

const MOST_STEPS = 50;

export class Corrections {
  readonly saving = signal(0);
  readonly conflict = signal<Conflict | null>(null);
  readonly undoable = signal(0);
  private readonly back: Step[] = [];
  private own = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly id: string,
    private readonly current: () => Transcript | undefined,
  ) {}

  /** Make a segment read as `text`; `began`: what it said when the person began, where the newest may differ. */
  correct(segment: Segment, text: string, began?: string): Promise<void> {
    const transcript = this.current();
    if (!transcript) return Promise.resolve();
    const before = textOf(transcript.words.slice(segment.first_word, segment.end_word), transcript.language);
    if (began !== undefined && began !== before) {
      const meeting = meet(transcript, segment, began, text);
      if (meeting.kind === "clean") return this.correct(meeting.segment, text);
      this.conflict.value = { meeting, mine: text, before: began };
      return Promise.resolve();
    }
    const edit = editOf(transcript.words, segment, text, transcript.language);
    if (!edit) return Promise.resolve();
    const inverse = inverseOf(transcript.words, edit, transcript.language);
    this.show(applied(transcript, edit, transcript.version ?? 1));
    return this.inTurn(async () => {
      try {
        await this.send(edit);
        this.remember(inverse && { kind: "words", edit: inverse });
        tell(t(text.trim() === "" ? "removed" : "saved"), inverse ? { label: t("undo"), run: () => void this.undo() } : undefined);
      } catch (error) {
        if (asProblem(error).code !== "transcript-changed") throw error;
        await this.meetOther(segment, before, text);
      }
    });
  }

  /** Name, join or split speakers; `back` takes it back. */
  speakers(edits: SpeakerEdit[], back: (answer: Schemas["CorrectedSpeakers"]) => SpeakerEdit[] | null, done: string): Promise<void> {
    return this.inTurn(async () => {
      const answer = await this.sendSpeakers(edits);
      this.own = Math.max(this.own, answer.version);
      const inverse = back(answer);
      this.remember(inverse && { kind: "speakers", edits: inverse });
      tell(done, inverse ? { label: t("undo"), run: () => void this.undo() } : undefined);
      this.readAgain();
    });
  }

  undo(): Promise<void> {
    const step = this.back.pop();
    this.undoable.value = this.back.length;
    if (!step) return Promise.resolve();
    return this.inTurn(async () => {
      if (step.kind === "words") {
        const transcript = this.current();
        if (transcript) this.show(applied(transcript, step.edit, transcript.version ?? 1));
        await this.send(step.edit);
      } else {
        const answer = await this.sendSpeakers(step.edits);
        this.own = Math.max(this.own, answer.version);
        this.readAgain();
      }
      tell(t("undone"));
    });
  }

  /** The person chose in the dialog of a conflict. */
  async settle(takeMine: boolean): Promise<void> {
    const conflict = this.conflict.peek();
    this.conflict.value = null;
    if (!conflict || !takeMine || conflict.meeting.kind !== "conflict") return;
    await this.correct(conflict.meeting.segment, conflict.mine);
  }

  /** A version came from the server; true where another person made it: steps back then count words that moved. */
  sees(version: number): boolean {
    const isOthers = this.own > 0 && version > this.own && this.saving.peek() === 0;
    this.own = Math.max(this.own, version);
    if (isOthers) this.forget();
    return isOthers;
  }

  private version(): number {
    return this.current()?.version ?? 1;
  }

  private show(transcript: Transcript): void {
    setQuery<Transcript>(keys.transcript(this.id), () => transcript);
  }

  private readAgain(): void {
    for (const key of [keys.transcript, keys.speakers, keys.versions]) invalidate(key(this.id));
  }

  private sendSpeakers(edits: SpeakerEdit[]): Promise<Schemas["CorrectedSpeakers"]> {
    return call(api.PATCH("/v1/projects/{project_id}/speakers", { params: { path: { project_id: this.id } }, body: { version: this.version(), edits, note: "" } }));
  }

  private async send(edit: WordEdit): Promise<void> {
    const answer = await call(api.PATCH("/v1/projects/{project_id}/transcript", { params: { path: { project_id: this.id } }, body: { version: this.version(), edits: [edit], note: "" } }));
    this.own = Math.max(this.own, answer.version);
    const transcript = this.current();
    if (transcript) this.show({ ...transcript, version: answer.version });
    this.readAgain();
  }

  private async meetOther(segment: Segment, before: string, mine: string): Promise<void> {
    this.forget(); // steps back count the words of a version that is no longer the newest
    const newer = (await call(api.GET("/v1/projects/{project_id}/transcript", { params: { path: { project_id: this.id } } }))) as Transcript;
    this.show(newer);
    const meeting = meet(newer, segment, before, mine);
    if (meeting.kind !== "clean") {
      this.conflict.value = { meeting, mine, before };
      return;
    }
    if (!meeting.edit) return;
    this.show(applied(newer, meeting.edit, newer.version ?? 1));
    await this.send(meeting.edit);
    tell(t("saved"));
  }

  private remember(step: Step | null): void {
    if (step) this.back.push(step);
    if (this.back.length > MOST_STEPS) this.back.shift();
    this.undoable.value = this.back.length;
  }

  forget(): void {
    this.back.length = 0;
    this.undoable.value = 0;
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.saving.value += 1;
    const run = this.last.then(work).catch((error: unknown) => {
      tellProblem(error);
      this.readAgain();
    }).finally(() => {
      this.saving.value -= 1;
    });
    this.last = run;
    return run;
  }
}
