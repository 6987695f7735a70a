/**
 * The timeline: `<Timeline durationMs clock peaks lanes label onSeek … />`; see `types.ts` for each property.
 *
 * It is drawn on a canvas that no reader sees; above it lie real buttons for the ranges and real sliders for the place and
 * the ends of the selection. Time goes from left to right in every language.
 */
export { speakerColour } from "./colours";
export { columns, decodePeaks, type Peaks } from "./peaks";
export { Timeline } from "./timeline";
export type { Lane, LaneRange, Range, TimelineProps } from "./types";
