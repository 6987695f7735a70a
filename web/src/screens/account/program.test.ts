import { expect, test } from "vitest";
import { programName } from "./program";

test("browsers are named as people know them", () => {
  const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
  expect(programName(chrome)).toBe("Chrome, Windows");
  expect(programName(`${chrome} Edg/130.0`)).toBe("Edge, Windows");
  expect(programName("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")).toBe("Firefox, Linux");
  expect(programName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1")).toBe("Safari, iOS");
});

test("a program that is no browser keeps its own name", () => {
  expect(programName("clipstream/0.1.0 python-httpx2/2.1")).toBe("clipstream/0.1.0");
  expect(programName("")).toBe("");
});
