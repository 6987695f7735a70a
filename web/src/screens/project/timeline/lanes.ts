/** The timeline's lanes, made of what the server found. Pure. */
import { speakerColour, type Lane, type LaneRange } from "~/components/timeline";
import type { Clip, Moment, Moments, TimelineAnswer } from "../data";
import type { Transcript } from "../transcript/paragraphs";

export interface LaneWords {
  clips: string;
  moments: string;
  speech: string;
  shots: string;
  faces: string;
  screens: string;
  sounds: string;
  shot: (at: number, kind: string | null) => string;
  face: (count: number) => string;
  screen: string;
  sound: (kind: string) => string;
  /** `score`: null where scores rank nothing. */
  moment: (title: string, score: number | null) => string;
  speaker: (id: string | null | undefined) => string;
  someone: string;
}

interface Parts {
  timeline: TimelineAnswer | undefined;
  transcript: Transcript | undefined;
  moments: Moments | undefined;
  clips: Clip[] | undefined;
  /** Ids of the speakers in order: their places choose the colours. */
  speakers: string[];
}

const SOUND_COLOURS: Record<string, string> = { music: "var(--sound)", pause: "var(--line-strong)", silence: "var(--line-strong)", section: "var(--ink-soft)" };
const SECTION_MS = 300;
const MOMENT_ROWS = 3;

type Timed = { start_ms: number; end_ms: number };

function ranges<T extends Timed>(items: readonly T[], make: (item: T, at: number) => Omit<LaneRange, "startMs" | "endMs" | "id">): LaneRange[] {
  return items
    .map((item, at) => ({ id: `${at}-${item.start_ms}`, startMs: item.start_ms, endMs: item.end_ms, ...make(item, at) }))
    .sort((one, two) => one.startMs - two.startMs);
}

/** The best moments of those that overlap: what finds no room in the rows is only in the list beside. */
export function fitting(moments: readonly Moment[], rows: number): Moment[] {
  const taken: Moment[][] = Array.from({ length: rows }, () => []);
  for (const moment of [...moments].sort((one, two) => Number(two.selected) - Number(one.selected) || two.score - one.score)) {
    const row = taken.find((own) => own.every((one) => one.range.end_ms <= moment.range.start_ms || moment.range.end_ms <= one.range.start_ms));
    row?.push(moment);
  }
  return taken.flat();
}

/** A moment on its lane: drawn as strongly as its score says, where scores say anything. */
function momentRange(moment: Moment, isRanked: boolean, words: LaneWords): LaneRange {
  const own = { id: moment.id, startMs: moment.range.start_ms, endMs: moment.range.end_ms };
  return isRanked ? { ...own, label: words.moment(moment.title, moment.score), level: moment.score / 100 } : { ...own, label: words.moment(moment.title, null) };
}

export function lanesOf({ timeline, transcript, moments, clips, speakers }: Parts, words: LaneWords): Lane[] {
  const colourOf = (id: string | null | undefined) => speakerColour(Math.max(0, speakers.indexOf(id ?? "")));
  const speech = timeline?.speech ?? transcript?.diarization?.turns ?? transcript?.speech.map((one) => ({ ...one, speaker: null }));
  const lanes: (Lane | null)[] = [
    clips?.length ? {
      id: "clips", label: words.clips, colour: "var(--accent)", rows: 2, height: 18,
      ranges: clips.map((clip) => ({ id: clip.clip_id, startMs: clip.start_ms, endMs: clip.end_ms, label: clip.title, text: clip.title })),
    } : null,
    moments && moments.moments.length > 0 ? {
      id: "moments", label: words.moments, colour: "var(--moment)", rows: MOMENT_ROWS, height: 8,
      ranges: fitting(moments.moments, MOMENT_ROWS).map((moment) => momentRange(moment, moments.order !== "time", words)),
    } : null,
    speech && speech.length > 0 ? {
      id: "speech", label: words.speech, colour: "var(--speech)",
      ranges: ranges(speech, (one) => ({ label: words.speaker(one.speaker) || words.someone, colour: colourOf(one.speaker), text: speakers.length > 1 ? words.speaker(one.speaker) : undefined })),
    } : null,
    timeline?.shots?.length ? { id: "shots", label: words.shots, colour: "var(--shot)", ranges: ranges(timeline.shots, (one, at) => ({ label: words.shot(at + 1, one.kind ?? null), level: at % 2 ? 0.5 : 0.9 })) } : null,
    timeline?.faces?.length ? { id: "faces", label: words.faces, colour: "var(--face)", ranges: ranges(timeline.faces, (one) => ({ label: words.face(one.count), level: Math.min(1, 0.5 + one.count / 6) })) } : null,
    timeline?.screens?.length ? { id: "screens", label: words.screens, colour: "var(--caution-ink)", ranges: ranges(timeline.screens, () => ({ label: words.screen })) } : null,
    timeline?.sounds?.length ? {
      id: "sounds", label: words.sounds, colour: "var(--sound)", rows: 2, height: 8,
      ranges: ranges(timeline.sounds, (one) => ({ label: words.sound(one.kind), colour: SOUND_COLOURS[one.kind], level: one.confidence }))
        .map((one) => (one.endMs === one.startMs ? { ...one, endMs: one.startMs + SECTION_MS } : one)),
    } : null,
  ];
  return lanes.filter((lane): lane is Lane => lane !== null);
}

/** Moves a place to the nearest border of a word or a shot within a quarter of a second. */
export function snapTo(borders: Float64Array, ms: number, within = 250): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (borders[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  const near = [borders[low - 1], borders[low]].filter((one): one is number => one !== undefined && Math.abs(one - ms) <= within);
  return near.length === 0 ? ms : near.reduce((one, two) => (Math.abs(two - ms) < Math.abs(one - ms) ? two : one));
}

export function bordersOf(transcript: Transcript | undefined, timeline: TimelineAnswer | undefined): Float64Array {
  const found = new Float64Array((transcript?.words.length ?? 0) * 2 + (timeline?.shots?.length ?? 0));
  let at = 0;
  for (const word of transcript?.words ?? []) {
    found[at++] = word.start_ms;
    found[at++] = word.end_ms;
  }
  for (const shot of timeline?.shots ?? []) found[at++] = shot.start_ms;
  return found.sort();
}
