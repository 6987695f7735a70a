import { beforeEach, expect, test } from "vitest";
import { arrival, takeFragment } from "./fragment";

beforeEach(() => {
  arrival.value = null;
});

test("a code leaves the address, and is kept for who asks", () => {
  history.replaceState(null, "", "/app/invitation?x=1#code=cli_abc");
  takeFragment();
  expect(location.hash).toBe("");
  expect(location.search).toBe("?x=1");
  expect(arrival.value?.get("code")).toBe("cli_abc");
});

test("a fragment that names a place of the page stays", () => {
  history.replaceState(null, "", "/app/projects/1#moments");
  takeFragment();
  expect(location.hash).toBe("#moments");
  expect(arrival.value).toBeNull();
});

test("what comes while the page is open is taken too", async () => {
  history.replaceState(null, "", "/app/reset-password#code=clm_1");
  dispatchEvent(new HashChangeEvent("hashchange"));
  expect(location.hash).toBe("");
  expect(arrival.value?.get("code")).toBe("clm_1");
});
