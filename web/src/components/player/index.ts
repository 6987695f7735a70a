/**
 * The player: `const clock = usePlayerClock(durationMs); const source = useSource(projectId);`
 * `<Player clock={clock} source={source} durationMs={…} label={title} />`.
 */
export { PlayerClock, usePlayerClock, type Guide, type TimeRange } from "./clock";
export { isTyping } from "./keys";
export { Player, type PlayerProps } from "./player";
export { useSource, type PlayerSource } from "./source";
