import { renderHook } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Listener } from "~/api/events";
import type { Cards } from "./cards";
import { useLive } from "./live";
import { filtersOf, type Card, type Part } from "./model";

let tell: Listener;
vi.mock("~/api/events", () => ({ listen: (_: string, __: string[], listener: Listener) => ((tell = listener), () => {}) }));

const parts: Part[] = Array.from({ length: 10 }, (_, at) => ({ cursor: at === 0 ? null : String(at), cards: [{ project_id: `p${at}` } as Card] }));
const renewPart = vi.fn(() => Promise.resolve());
const cards = { parts, update: () => {}, renewPart } as unknown as Cards;
const changed = (at: number) => tell("project.changed", { project_id: `p${at}`, state: "running", title: "" }, "");

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(10_000);
  renewPart.mockClear();
  renderHook(() => useLive(cards, filtersOf({})));
});
afterEach(() => vi.useRealTimers());

it("reads a page once for many events on it", () => {
  for (let count = 0; count < 50; count += 1) changed(4);
  vi.advanceTimersByTime(1_000);
  expect(renewPart.mock.calls).toEqual([["4"]]);
});

it("reads three pages at most every five seconds, till all are read", () => {
  tell("stream.reset", {}, "");
  vi.advanceTimersByTime(1_000);
  expect(renewPart.mock.calls).toEqual([[null], ["1"], ["2"]]);
  vi.advanceTimersByTime(4_500);
  expect(renewPart).toHaveBeenCalledTimes(6);
  vi.advanceTimersByTime(60_000);
  expect(renewPart).toHaveBeenCalledTimes(10);
});
