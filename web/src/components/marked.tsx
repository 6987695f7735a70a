/** Text with the matches of a search, from the escaped HTML with `<mark>` that the API sends. */

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return NAMED[name] ?? whole;
    const code = name[1] === "x" || name[1] === "X" ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Pieces of a highlight; those that match are told. Nothing of it is ever read as HTML. */
export function piecesOf(highlight: string): { text: string; matches: boolean }[] {
  return highlight
    .split(/<mark>(.*?)<\/mark>/s)
    .map((text, at) => ({ text: unescaped(text), matches: at % 2 === 1 }))
    .filter((one) => one.text !== "");
}

export function Marked({ highlight }: { highlight: string }) {
  return <>{piecesOf(highlight).map((one, at) => (one.matches ? <mark key={at}>{one.text}</mark> : one.text))}</>;
}
