/**
 * What undo and redo go to, read from the list of versions: undo is a version as well, so the way back survives a reload,
 * and another person's edits are steps of it too.
 */
import type { Schemas } from "~/api/client";

export type EditVersion = Schemas["EditVersion"];

export interface Steps {
  /** The first version that looks like each step, oldest first. */
  steps: number[];
  /** Index of the step that the newest version looks like. */
  at: number;
}

/** `versions` in any order; those that are missing at the beginning are unknown, and no undo reaches them. */
export function stepsOf(versions: readonly EditVersion[]): Steps {
  const ordered = [...versions].sort((a, b) => a.version - b.version);
  let steps: { versions: Set<number> }[] = [];
  let at = -1;
  for (const version of ordered) {
    const only = version.operations.length === 1 ? version.operations[0] : undefined;
    if (only?.op === "restore") {
      const known = steps.findIndex((step) => step.versions.has(only.version));
      if (known >= 0) {
        steps[known]!.versions.add(version.version);
        at = known;
        continue;
      }
    }
    steps = [...steps.slice(0, at + 1), { versions: new Set([version.version]) }];
    at = steps.length - 1;
  }
  return { steps: steps.map((step) => Math.min(...step.versions)), at };
}

export function undoVersion({ steps, at }: Steps): number | null {
  return steps[at - 1] ?? null;
}

export function redoVersion({ steps, at }: Steps): number | null {
  return steps[at + 1] ?? null;
}
