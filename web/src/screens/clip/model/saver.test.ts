import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiProblem, lostProblem } from "~/api/problem";
import type { ClipEdit } from "./clock";
import { Gaps } from "./gaps";
import { Saver, type News, type Port } from "./saver";

const EDIT: ClipEdit = {
  clip_id: "c", version: 1, base_version: null, transcript_version: 1, length_ms: 5000, crops: {}, suggested: {}, captions: [], look: null,
  segments: [{ segment_id: "s1", start_ms: 0, end_ms: 5000, speed: 1, muted: false, gain_db: 0, style: null, output_start_ms: 0, output_end_ms: 5000 }],
};
const mute = { op: "mute" as const, segment_id: "s1", muted: true };

function problem(status: number): ApiProblem {
  return new ApiProblem({ title: "", status, code: "edit-changed" });
}

describe("saver", () => {
  let sent: { version: number; key: string; op: string }[];
  let server: ClipEdit;
  let failing: Error[];
  let news: News[];
  let saver: Saver;

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    failing = [];
    news = [];
    server = EDIT;
    const port: Port = {
      change: async (operations, version, key) => {
        sent.push({ version, key, op: operations[0]!.op });
        const error = failing.shift();
        if (error) throw error;
        if (version !== server.version) throw problem(412);
        server = { ...server, version: version + 1, base_version: version };
        return { ...server, changed: true };
      },
      me: null,
      read: async () => server,
      versions: async () => [{ version: server.version, made_by: "person", created_at: "", base_version: 1, actor: null, note: "", operations: [] }],
    };
    saver = new Saver(EDIT, [], port, () => ({ words: [], gaps: new Gaps([], 10_000) }));
    saver.onNews = (one) => news.push(one);
  });

  it("shows a change at once and saves it as one version", async () => {
    saver.push([mute]);
    expect(saver.shown.value.segments[0]!.muted).toBe(true);
    expect(saver.phase.value).toBe("waiting");
    await vi.runAllTimersAsync();
    expect(saver.phase.value).toBe("saved");
    expect(saver.saved.value.version).toBe(2);
    expect(sent).toHaveLength(1);
  });

  it("takes back a change that was not sent", async () => {
    saver.push([mute]);
    expect(saver.takeBack()).toBe(true);
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(0);
    expect(saver.phase.value).toBe("saved");
  });

  it("keeps changes while the network is away, and sends the same request again", async () => {
    failing = [lostProblem()];
    saver.push([mute], true);
    await vi.advanceTimersByTimeAsync(10);
    expect(saver.phase.value).toBe("offline");
    expect(saver.shown.value.segments[0]!.muted).toBe(true);
    await vi.runAllTimersAsync();
    expect(saver.saved.value.version).toBe(2);
    expect(sent[0]!.key).toBe(sent[1]!.key);
  });

  it("waits for the sign-in", async () => {
    failing = [problem(401)];
    saver.push([mute], true);
    await vi.runAllTimersAsync();
    expect(saver.phase.value).toBe("signed-out");
    saver.resume();
    await vi.runAllTimersAsync();
    expect(saver.phase.value).toBe("saved");
  });

  it("applies own changes on top of another person's", async () => {
    server = { ...EDIT, version: 4 };
    saver.push([mute], true);
    await vi.runAllTimersAsync();
    expect(saver.saved.value.version).toBe(5);
    expect(news.map((one) => one.kind)).toEqual(["both"]);
  });

  it("says when an own change no longer fits", async () => {
    server = { ...EDIT, version: 4, segments: [{ ...EDIT.segments[0]!, segment_id: "s9" }] };
    saver.push([mute], true);
    await vi.runAllTimersAsync();
    expect(saver.saved.value.version).toBe(4);
    expect(news.map((one) => one.kind)).toEqual(["dropped"]);
  });

  it("takes in another person's edit while nothing waits", async () => {
    server = { ...EDIT, version: 2 };
    await saver.hear(2);
    expect(saver.saved.value.version).toBe(2);
    expect(news[0]!.kind).toBe("theirs");
  });
});
