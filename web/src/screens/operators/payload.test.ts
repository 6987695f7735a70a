import { expect, it } from "vitest";
import { payloadOf } from "./payload";

it("JSON is set out, text stays, and what is no text is hexadecimal", () => {
  expect(payloadOf(btoa('{"a":1}'))).toEqual({ text: '{\n  "a": 1\n}', binary: false, size: 7, shown: 7 });
  expect(payloadOf(btoa("not json")).text).toBe("not json");
  expect(payloadOf(btoa("\xff\x00\x10"))).toEqual({ text: "000000  ff 00 10", binary: true, size: 3, shown: 3 });
  const large = payloadOf(btoa("\xff".repeat(5000)));
  expect([large.size, large.shown]).toEqual([5000, 4096]);
});
