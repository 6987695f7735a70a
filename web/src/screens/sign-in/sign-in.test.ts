import { expect, test } from "vitest";
import { destination } from "./destination";
import { readReturn } from "./returned";

test("a sign-in leads back to this app or to the consent of an app, nowhere else", () => {
  expect(destination("/app/projects/1?x=2")).toBe("/app/projects/1?x=2");
  expect(destination("/oauth/authorize?client_id=1")).toBe("/oauth/authorize?client_id=1");
  for (const back of ["https://evil.example", "//evil.example", "/application", "/app\\evil", "/oauth/token", "", undefined]) {
    expect(destination(back)).toBe("/app/");
  }
});

test("what a provider's answer says", () => {
  const read = (text: string) => readReturn(new URLSearchParams(text));
  expect(read("state=signed_in")).toEqual({ kind: "signed-in" });
  expect(read("state=linked&provider=acme")).toEqual({ kind: "linked", provider: "acme" });
  expect(read("error=account-exists&provider=acme")).toEqual({ kind: "refused", provider: "acme", code: "account-exists" });
  expect(read("state=second_factor&challenge=clh_1&factors=totp,recovery_code")).toEqual({
    kind: "second-factor",
    challenge: { challenge: "clh_1", factors: ["totp", "recovery_code"] },
  });
  expect(read("code=cli_1")).toBeNull();
});
