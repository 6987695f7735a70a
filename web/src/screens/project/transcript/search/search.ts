/** Finds words in a transcript, also over the borders of words, without regard to case, accents and punctuation. */
export interface Hit {
  firstWord: number;
  endWord: number;
}

function plain(text: string): string {
  return text.normalize("NFKD").replace(/[\p{M}\p{P}]/gu, "").toLowerCase();
}

export class Finder {
  private readonly text: string;
  private readonly starts: Int32Array;

  constructor(words: readonly { text: string }[]) {
    this.starts = new Int32Array(words.length);
    const parts: string[] = [];
    let length = 0;
    words.forEach((word, at) => {
      const text = plain(word.text);
      this.starts[at] = length;
      parts.push(text);
      length += text.length + 1;
    });
    this.text = parts.join(" ");
  }

  find(wanted: string, most = 5_000): Hit[] {
    const text = plain(wanted).trim().replace(/\s+/g, " ");
    const hits: Hit[] = [];
    if (text === "") return hits;
    for (let at = this.text.indexOf(text); at >= 0 && hits.length < most; at = this.text.indexOf(text, at + text.length)) {
      hits.push({ firstWord: this.word(at), endWord: this.word(at + text.length - 1) + 1 });
    }
    return hits;
  }

  private word(place: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
