import { describe, expect, it } from "vitest";
import type { Schemas } from "~/api/client";
import type { Transcript } from "../paragraphs";
import { mergeBack, runsBySpeaker, splitBack } from "./speaker-edits";

const transcriptOf = (...speakers: (string | null)[]) => ({ words: speakers.map((speaker) => ({ speaker })) }) as Transcript;
const answerOf = (names: Record<string, string>, ...present: string[]) =>
  ({ changes: [{ names }], speakers: present.map((id) => ({ id })) }) as unknown as Schemas["CorrectedSpeakers"];
const run = (first_word: number, end_word: number) => ({ first_word, end_word });

describe("runs of words", () => {
  it("stand by speaker, without the words of nobody", () => {
    const runs = runsBySpeaker(transcriptOf("S1", "S1", null, "S2", "S1").words);
    expect([...runs]).toEqual([["S1", [run(0, 2), run(4, 5)]], ["S2", [run(3, 4)]]]);
  });
});

describe("words that were given away", () => {
  it("go back to each who had some, and stay where they were before", () => {
    const back = splitBack(transcriptOf("S1", "S1", "S2", "S3"), run(1, 4), "S3");
    expect(back(answerOf({}, "S1", "S2", "S3"))).toEqual([
      { op: "split", words: [run(1, 2)], to: "S1", name: "" },
      { op: "split", words: [run(2, 3)], to: "S2", name: "" },
    ]);
  });

  it("bring who had no others back by the old name", () => {
    const back = splitBack(transcriptOf("S1", "S2"), run(1, 2), "S1");
    expect(back(answerOf({ S2: "Ada" }, "S1"))).toEqual([{ op: "split", words: [run(1, 2)], to: null, name: "Ada" }]);
  });

  it("cannot be given back to nobody", () => {
    expect(splitBack(transcriptOf(null, "S1"), run(0, 2), null)(answerOf({}, "S1", "S2"))).toBeNull();
  });
});

describe("speakers who were joined", () => {
  const one = transcriptOf("S1", "S2", "S1", "S2");
  const words = [run(1, 2), run(3, 4)];

  it("part again under their names", () => {
    expect(mergeBack(one, "S2", "S1")(answerOf({ S1: "Ada", S2: "Bob" }, "S1"))).toEqual([{ op: "split", words, to: null, name: "Bob" }]);
  });

  it("have a name that the other one took given back first", () => {
    expect(mergeBack(one, "S2", "S1")(answerOf({ S2: "Bob" }, "S1"))).toEqual([
      { op: "rename", speaker: "S1", name: "" },
      { op: "split", words, to: null, name: "Bob" },
    ]);
  });
});
