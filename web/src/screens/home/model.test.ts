import { describe, expect, it } from "vitest";
import { applyChange, changeParts, filtersOf, merge, queryOf, renew, shownStages, touched, type Card, type Part, type ProjectChanged } from "./model";

const card = (id: string, more: Partial<Card> = {}): Card => ({ project_id: id, title: id, state: "running", tags: [], revision: 1, ...more }) as Card;
const told = (id: string, version: number, more: Partial<ProjectChanged> = {}): ProjectChanged =>
  ({ project_id: id, version, state: "running", title: id, percent: 50, stage: "look", stages: [], clip_count: 0, duration_ms: 1, failure: null, finished_at: null, revision: 1, ...more });

describe("cards", () => {
  it("take a newer event and no older one", () => {
    const cards = applyChange([card("a"), card("b")], told("a", 7, { percent: 70 }));
    expect(cards[0]!.percent).toBe(70);
    expect(applyChange(cards, told("a", 6, { percent: 60 }))).toBe(cards);
    expect(applyChange(cards, told("other", 1))).toBe(cards);
  });

  it("keep the other cards as they are, so that they are not drawn again", () => {
    const cards = [card("a"), card("b")];
    expect(applyChange(cards, told("a", 1))[1]).toBe(cards[1]);
  });

  it("lose the time left at their end, and go when erased", () => {
    const cards = [card("a", { time_left: { expected: 1, low: 1, high: 1 } })];
    expect(applyChange(cards, told("a", 1, { state: "completed" }))[0]!.time_left).toBeNull();
    expect(applyChange(cards, told("a", 2, { state: "erased" }))).toEqual([]);
  });

  it("keep what a list is silent about", () => {
    const merged = merge([card("a", { clip_count: 4, version: 3 })], [card("b"), card("a", { title: "New" })]);
    expect(merged.map((one) => [one.project_id, one.title, one.clip_count])).toEqual([["b", "b", undefined], ["a", "New", 4]]);
  });

  it("are not set back by a list that was asked for before an event", () => {
    const [done] = applyChange([card("a")], told("a", 1, { state: "completed", percent: 100 }), 1000);
    expect(merge([done!], [card("a", { percent: 40 })], 2000, 900)[0]!.percent).toBe(100);
    expect(merge([done!], [card("a", { percent: 40 })], 2000, 1100)[0]!.percent).toBe(40);
  });

  it("keep the address of their picture while it is valid", () => {
    const shown = card("a", { thumbnail_url: "/p.jpg?sign=1", thumbnail_expires_at: "2026-01-01T00:15:00Z" });
    const read = card("a", { thumbnail_url: "/p.jpg?sign=2", thumbnail_expires_at: "2026-01-01T00:20:00Z" });
    expect(merge([shown], [read], Date.parse("2026-01-01T00:05:00Z"))[0]).toBe(shown);
    expect(merge([shown], [read], Date.parse("2026-01-01T00:14:30Z"))[0]!.thumbnail_url).toBe("/p.jpg?sign=2");
    expect(merge([shown], [{ ...read, thumbnail_url: "/q.jpg" }], 0)[0]!.thumbnail_url).toBe("/q.jpg");
  });

  it("show the stages that people wait for, in their order", () => {
    const stages = [{ stage: "render", state: "waiting", percent: 0 }, { stage: "preview", state: "done", percent: 100 }, { stage: "ingest", state: "done", percent: 100 }] as const;
    expect(shownStages([...stages]).map((one) => one.stage)).toEqual(["ingest", "render"]);
  });
});

describe("filters", () => {
  it("come back from the address as they went there", () => {
    const filters = { state: "failed", tag: "a b", q: "x&y", order: "oldest" } as const;
    expect(filtersOf(Object.fromEntries(new URLSearchParams(queryOf(filters))))).toEqual(filters);
    expect(queryOf(filtersOf({}))).toBe("");
  });

  it("ignore what no filter is", () => {
    expect(filtersOf({ state: "lost", order: "up" })).toEqual({ state: "", tag: "", q: "", order: "newest" });
  });
});

describe("pages of cards", () => {
  const dated = (id: string, day: number, more: Partial<Card> = {}) => card(id, { created_at: `2026-03-${String(day).padStart(2, "0")}T12:00:00Z`, ...more });
  const ids = (parts: readonly Part[]) => parts.map((part) => part.cards.map((one) => one.project_id).join(""));
  const parts: Part[] = [{ cursor: null, cards: [dated("a", 9), dated("b", 8)] }, { cursor: "1", cards: [dated("c", 7), dated("d", 6)] }];
  const all = filtersOf({});

  it("take what is new on one, and keep what it pushed behind its end", () => {
    const renewed = renew(parts, null, { items: [dated("n", 10), dated("a", 9)], next_cursor: "2" }, "newest", 0);
    expect(ids(renewed)).toEqual(["na", "b", "cd"]);
    expect(renewed[1]!.cursor).toBe("2");
    expect(renewed[2]).toBe(parts[1]);
  });

  it("lose what no longer fits, and show nothing twice", () => {
    expect(ids(renew(parts, null, { items: [dated("a", 9), dated("c", 7)], next_cursor: "2" }, "newest", 0))).toEqual(["a", "cd"]);
    expect(ids(renew(parts, "1", { items: [dated("d", 6)] }, "newest", 0))).toEqual(["ab", "d"]);
    expect(renew(parts, "gone", { items: [] }, "newest", 0)).toBe(parts);
  });

  it("are asked for where an event's project stands, or may have come in", () => {
    expect(touched(parts, told("d", 1), all)).toEqual(["1"]);
    expect(touched(parts, told("n", 1), all)).toEqual([null]);
    expect(touched(parts, told("n", 1), { ...all, order: "oldest" })).toEqual(["1"]);
    expect(touched(parts, told("n", 1), { ...all, state: "running" })).toEqual([null, "1"]);
    expect(touched(parts, told("n", 1), { ...all, state: "failed" })).toEqual([]);
    expect(touched(parts, told("n", 1), { ...all, q: "other" })).toEqual([]);
    expect(touched(parts, { ...told("d", 1), state: "erased" }, all)).toEqual([]);
  });

  it("stay the same objects where nothing changes", () => {
    expect(changeParts(parts, (cards) => applyChange(cards, told("x", 1)))).toBe(parts);
    expect(changeParts(parts, (cards) => applyChange(cards, told("d", 1, { percent: 70 })))[0]).toBe(parts[0]);
  });
});
