import { beforeEach, expect, it } from "vitest";
import { addressOf, askedOf, isFiltered, keepSearches, queryOf, recentSearches, rememberSearch, toggledFilter, withoutFilters } from "./query";

beforeEach(() => localStorage.clear());

it("a search comes back from the address that it was written to", () => {
  const address = "?q=work+%26+energy&only=clips&speaker=Ann&speaker=B%2C+Bea&trust=doubtful&since=2026-01-05&mode=hybrid";
  expect(addressOf(queryOf(address))).toBe(address);
  expect(addressOf(queryOf(""))).toBe("");
  expect(queryOf("?only=films&mode=luck")).toMatchObject({ only: null, mode: "words" });
});

it("filters are switched on and off, and cleared without the words", () => {
  const one = toggledFilter(queryOf("?q=a"), "language", "en");
  expect(isFiltered(one)).toBe(true);
  expect(isFiltered(toggledFilter(one, "language", "en"))).toBe(false);
  expect(withoutFilters(one)).toEqual(queryOf("?q=a"));
  expect(toggledFilter(one, "kind", "person").only).toBe("entities");
});

it("hits by meaning are not asked for in an order of time", () => {
  expect(askedOf(queryOf("?q=a&mode=meaning&sort=time"), 20)).toMatchObject({ mode: "meaning", sort: "relevance" });
  expect(askedOf(queryOf("?q=a&sort=time"), 20)).not.toHaveProperty("speaker");
});

it("recent searches are few, distinct, the newest first, and of one organisation", () => {
  for (let at = 0; at < 12; at += 1) rememberSearch("a", `word ${at % 10}`);
  expect(recentSearches("a")).toHaveLength(8);
  expect(recentSearches("a")[0]).toBe("word 1");
  expect(recentSearches("b")).toEqual([]);
  keepSearches("a", []);
  localStorage.setItem("clipstream.searches.a", "{broken");
  expect(recentSearches("a")).toEqual([]);
});
