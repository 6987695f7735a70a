/** The speeds of J, K and L, as editing programs have them: the same key again doubles, the other one slows down first. */
const FASTEST = 8;

/** Next speed from the present one (0: standing, negative: backwards). */
export function nextSpeed(speed: number, key: "j" | "k" | "l"): number {
  if (key === "k") return 0;
  const way = key === "l" ? 1 : -1;
  if (speed * way > 0) return way * Math.min(FASTEST, Math.max(1, Math.abs(speed)) * 2);
  if (speed * way < -1) return speed / 2;
  return way;
}
