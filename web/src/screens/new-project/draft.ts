/** What a person has chosen for a new project: kept while they move about, and over a reload of this tab. */
import { effect, signal } from "@preact/signals";
import { session } from "~/session/session";
import { sparse, type Options } from "./options-model";

export type Way = "files" | "link" | "script";
export type Rights = "" | "own" | "licence" | "permission";

export interface Draft {
  way: Way;
  url: string;
  rights: Rights;
  script: string;
  title: string;
  tags: string;
  options: Options;
  presetId: string;
}

export const EMPTY: Draft = { way: "files", url: "", rights: "", script: "", title: "", tags: "", options: {}, presetId: "" };

let openedFor: string | null = null;
export const draft = signal<Draft>(EMPTY);
/** Counts whole replacements of the options: fields that keep their own text begin anew. */
export const replaced = signal(0);

function keyOf(orgId: string): string {
  return `clipstream.new.${orgId}`;
}

/** Take up the draft of this organisation; true where there was none. */
export function openDraft(orgId: string): boolean {
  if (openedFor === orgId) return false;
  openedFor = orgId;
  let kept: Partial<Draft> | null = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(keyOf(orgId)) ?? "null") as Partial<Draft> | null;
  } catch {
    kept = null;
  }
  draft.value = { ...EMPTY, ...kept };
  return kept === null;
}

export function changeDraft(part: Partial<Draft>): void {
  draft.value = { ...draft.peek(), ...part };
}

export function replaceOptions(options: Options, presetId: string): void {
  changeDraft({ options: sparse(options), presetId });
  replaced.value += 1;
}

/** After a start: the options stay for the next one, the source goes. */
export function clearSource(): void {
  changeDraft({ url: "", rights: "", script: "", title: "" });
}

effect(() => {
  const value = draft.value;
  const orgId = session.value?.account?.org_id;
  if (!orgId || openedFor !== orgId) return;
  try {
    sessionStorage.setItem(keyOf(orgId), JSON.stringify(value));
  } catch {
    // A full store loses nothing that is on the screen.
  }
});
