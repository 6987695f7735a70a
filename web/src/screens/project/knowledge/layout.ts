/** Places the names of a graph so that those that relate lie near each other. Always the same for the same names. Pure. */
export interface Node {
  name: string;
  x: number;
  y: number;
  degree: number;
}

export interface Link {
  from: number;
  to: number;
}

const ROUNDS = 300;

/** `width` and `height` bound the places. */
export function layGraph(names: readonly string[], links: readonly Link[], width: number, height: number): Node[] {
  const nodes: Node[] = names.map((name, at) => {
    const turn = at * 2.399963; // the golden angle spreads any number evenly
    const far = 0.42 * Math.sqrt((at + 0.5) / Math.max(1, names.length));
    return { name, x: width * (0.5 + far * Math.cos(turn)), y: height * (0.5 + far * Math.sin(turn)), degree: 0 };
  });
  for (const link of links) {
    nodes[link.from]!.degree += 1;
    nodes[link.to]!.degree += 1;
  }
  const ideal = Math.sqrt((width * height) / Math.max(1, names.length)) * 0.75;
  for (let round = 0; round < ROUNDS; round += 1) {
    const most = (1 - round / ROUNDS) * ideal * 0.2;
    const moves = nodes.map(() => ({ x: 0, y: 0 }));
    const push = (one: number, two: number, force: (distance: number) => number) => {
      const dx = nodes[two]!.x - nodes[one]!.x || 0.01;
      const dy = (nodes[two]!.y - nodes[one]!.y || 0.01) * 2.2; // names are wide and low
      const distance = Math.hypot(dx, dy);
      const by = force(distance) / distance;
      moves[one]!.x += dx * by;
      moves[one]!.y += (dy / 2.2) * by;
      moves[two]!.x -= dx * by;
      moves[two]!.y -= (dy / 2.2) * by;
    };
    for (let one = 0; one < nodes.length; one += 1) for (let two = one + 1; two < nodes.length; two += 1) push(one, two, (distance) => -(ideal * ideal) / distance / 2);
    for (const link of links) if (link.from !== link.to) push(link.from, link.to, (distance) => (distance * distance) / ideal / 6);
    nodes.forEach((node, at) => {
      const move = moves[at]!;
      const length = Math.hypot(move.x, move.y) || 1;
      const by = Math.min(length, most) / length;
      node.x = Math.min(width - 60, Math.max(60, node.x + move.x * by));
      node.y = Math.min(height - 20, Math.max(20, node.y + move.y * by));
    });
  }
  return nodes;
}
