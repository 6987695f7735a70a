/** Words of the timeline's lanes in the person's language. */
import type { LaneWords } from "./lanes";
import { t, type MessageKey } from "../messages";

const SOUNDS = ["pause", "silence", "music", "section", "speech"];

export function laneWords(nameOf: LaneWords["speaker"]): LaneWords {
  return {
    clips: t("laneClips"),
    moments: t("laneMoments"),
    speech: t("laneSpeech"),
    shots: t("laneShots"),
    faces: t("laneFaces"),
    screens: t("laneScreens"),
    sounds: t("laneSounds"),
    shot: (at, kind) => (kind ? t("shotAfter", { at, kind: t(`kind_${kind}` as MessageKey) }) : t("shot", { at })),
    face: (count) => t("faces", { count }),
    screen: t("screen"),
    sound: (kind) => (SOUNDS.includes(kind) ? t(`sound_${kind}` as MessageKey) : kind),
    moment: (title, score) => (score === null ? title : t("momentOf", { title, score: Math.round(score) })),
    speaker: nameOf,
    someone: t("someone"),
  };
}
