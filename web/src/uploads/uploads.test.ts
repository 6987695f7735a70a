import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiProblem, lostProblem } from "~/api/problem";
import { checkFile, fingerprint, looksLikeText } from "./files";
import { newKey, shareOf, type Upload } from "./model";
import { backoffMs, isPassing, patiently } from "./patience";
import { Spaced, SpeedMeter } from "./speed";
import { wantedParts } from "./transfer";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("picked files", () => {
  it("are known again by their first bytes", () => {
    expect(fingerprint(bytes("one"))).toBe(fingerprint(bytes("one")));
    expect(fingerprint(bytes("one"))).not.toBe(fingerprint(bytes("onf")));
  });

  it("are refused where they hold nothing, a text, or no media", async () => {
    const fault = async (name: string, content: BlobPart, type = "") => (await checkFile(new File([content], name, { type }))).fault;
    const binary = new Uint8Array([0, 1, 2, 255]);
    expect(await fault("a.mp4", "")).toBe("empty");
    expect(await fault("notes.md", "# A script")).toBe("text");
    expect(await fault("fake.mp4", "only a text")).toBe("not-media");
    expect(await fault("table.xlsx", binary)).toBe("not-media");
    expect(await fault("a.mkv", binary)).toBeNull();
    expect(await fault("noname", binary, "video/mp4")).toBeNull();
  });

  it("are told from texts by control bytes", () => {
    expect(looksLikeText(bytes("Grüße\n"))).toBe(true);
    expect(looksLikeText(new Uint8Array([0x66, 0x4c, 0x00]))).toBe(false);
  });
});

describe("waiting", () => {
  beforeEach(() => void vi.useFakeTimers());

  it("grows, and ends at half a minute and a quarter", () => {
    expect(backoffMs(1, () => 0.5)).toBe(1000);
    expect(backoffMs(3, () => 0.5)).toBe(4000);
    expect(backoffMs(50, () => 1)).toBe(37_500);
  });

  it("repeats what may pass, and gives up what may not", async () => {
    expect(isPassing(lostProblem())).toBe(true);
    expect(isPassing(new ApiProblem({ title: "", status: 422, code: "invalid" }))).toBe(false);
    let tries = 0;
    const waits: boolean[] = [];
    const done = patiently(async () => {
      tries += 1;
      if (tries < 4) throw lostProblem();
      return "there";
    }, new AbortController().signal, (offline) => waits.push(offline));
    await vi.runAllTimersAsync();
    expect(await done).toBe("there");
    expect(waits).toEqual([false, false, false]);
    await expect(patiently(() => Promise.reject(new ApiProblem({ title: "", status: 404, code: "x" })), new AbortController().signal, () => undefined)).rejects.toThrow();
  });

  it("never counts a lost network, and goes on when it is back", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    let tries = 0;
    const done = patiently(async () => {
      tries += 1;
      if (tries < 20) throw lostProblem();
      return tries;
    }, new AbortController().signal, () => setTimeout(() => dispatchEvent(new Event("online"))));
    await vi.runAllTimersAsync();
    expect(await done).toBe(20);
    vi.restoreAllMocks();
  });

  it("stops at once when it is told to", async () => {
    const control = new AbortController();
    const done = patiently(() => Promise.reject(lostProblem()), control.signal, () => control.abort());
    await expect(done).rejects.toThrow("stopped");
  });
});

describe("figures", () => {
  it("measure speed over the last seconds, and forget what is sent again", () => {
    const meter = new SpeedMeter();
    expect(meter.add(0, 0)).toBeNull();
    expect(meter.add(1000, 5000)).toBe(5000);
    expect(meter.add(2000, 4000)).toBeNull();
    expect(meter.add(3000, 4500)).toBe(500);
  });

  it("weigh files by their size", () => {
    const list = [{ size: 100, sentBytes: 100 }, { size: 300, sentBytes: 0 }] as Upload[];
    expect(shareOf(list)).toBe(0.25);
    expect(shareOf([])).toBe(0);
  });

  it("split what is worth it, and leave large files to the API", () => {
    expect(wantedParts(5 * 2 ** 20)).toBeUndefined();
    expect(wantedParts(20 * 2 ** 20)).toBe(3);
    expect(wantedParts(2 ** 30)).toBeUndefined();
  });

  it("name requests each by another key", () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(newKey()).not.toBe(newKey());
  });
});

describe("progress", () => {
  beforeEach(() => void vi.useFakeTimers());

  it("is shown now and then, and its last value always", () => {
    const shown: number[] = [];
    const progress = new Spaced<number>(200, (value) => shown.push(value));
    progress.tell(1);
    vi.advanceTimersByTime(50);
    progress.tell(2);
    progress.tell(3);
    expect(shown).toEqual([1]);
    vi.advanceTimersByTime(150);
    expect(shown).toEqual([1, 3]);
    progress.tell(4);
    progress.stop();
    vi.advanceTimersByTime(1_000);
    expect(shown).toEqual([1, 3]);
  });
});
