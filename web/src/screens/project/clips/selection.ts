/** Which clips are chosen. Pure. */

export interface Selection {
  chosen: ReadonlySet<string>;
  /** The one that was chosen last: where a range with Shift begins. */
  anchor: string | null;
}

export const NOTHING: Selection = { chosen: new Set(), anchor: null };

/** Choose or leave one; with `isRange` also all between it and the last one, in the order shown. */
export function choose(old: Selection, ids: readonly string[], id: string, on: boolean, isRange: boolean): Selection {
  const from = isRange && old.anchor !== null ? ids.indexOf(old.anchor) : -1;
  const to = ids.indexOf(id);
  const touched = from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  const chosen = new Set(old.chosen);
  for (const one of touched) {
    if (on) chosen.add(one);
    else chosen.delete(one);
  }
  return { chosen, anchor: id };
}

export function chooseAll(ids: readonly string[]): Selection {
  return { chosen: new Set(ids), anchor: null };
}
