import { describe, expect, it } from "vitest";
import { ApiProblem } from "~/api/problem";
import type { Clip } from "../data";
import { finishedFiles } from "./bulk";
import { askForAll } from "./bulk-export";
import { choose, chooseAll, NOTHING } from "./selection";

const IDS = ["a", "b", "c", "d"];
const clip = (id: string, exports: object[] = []) => ({ clip_id: id, exports }) as unknown as Clip;

describe("a selection", () => {
  it("takes one by one, a range with Shift, and all", () => {
    const one = choose(NOTHING, IDS, "b", true, false);
    expect([...choose(one, IDS, "d", true, true).chosen]).toEqual(["b", "c", "d"]);
    expect([...choose(one, IDS, "a", true, true).chosen].sort()).toEqual(["a", "b"]);
    expect([...choose(chooseAll(IDS), IDS, "c", false, false).chosen]).toEqual(["a", "b", "d"]);
    expect([...choose(NOTHING, IDS, "c", true, true).chosen]).toEqual(["c"]);
  });
});

describe("files of several clips", () => {
  it("are the newest finished ones of each shape", () => {
    const file = (id: string, number: number, aspect: string, state = "done") => ({ export_id: id, number, aspect, state });
    expect(finishedFiles([clip("a", [file("1", 1, "9:16"), file("2", 2, "9:16"), file("3", 3, "9:16", "failed")]), clip("b"), clip("c", [file("4", 1, "1:1")])])).toEqual(["2", "4"]);
  });

  it("are asked for clip by clip; what was refused is left to ask again", async () => {
    const refuse = (code: string) => new ApiProblem({ title: "no", status: 409, code });
    const clips = IDS.map((id) => clip(id));
    const asked: string[] = [];
    const outcome = await askForAll(clips, async (one) => { asked.push(one.clip_id); if (one.clip_id === "b") throw refuse("invalid"); }, () => {});
    expect(asked).toEqual(IDS);
    expect(outcome.left.map((one) => one.clip_id)).toEqual(["b"]);
    const ended = await askForAll(clips, async (one) => { if (one.clip_id === "b") throw refuse("quota-exceeded"); }, () => {});
    expect(ended.left.map((one) => one.clip_id)).toEqual(["b", "c", "d"]);
    expect(ended.refused).toHaveLength(1);
  });
});
