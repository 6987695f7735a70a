"""Pairs of windows of which two readers said which they would post, and how far they agree.

Scores nothing.

``python -m benchmarks.posting.posting_pairs`` prints the agreement by kind of text, of all texts but those held out;
``--held-out`` of those. ``--out DIR`` writes the pairs as sheets to judge, in the order of each reader; ``--read DIR``
makes benchmarks/labels/posting_pairs_a.json and _b.json of their tables, one ``<kind>.tsv`` a kind with lines of
``number<TAB>1 or 2<TAB>why``.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from benchmarks.posting.posting_labels import LABELS, LabelledWindow, Reader, labelled_windows
from benchmarks.posting.posting_texts import Kind, read_texts

SEED = 20_261_124
PAIRS_COUNT = 1200
"""In all; a kind has its share by the windows of it that may stand in a pair."""
MIN_SUM = 1
"""Of a window's two labels: pairs of windows that both readers called 0 teach nothing."""
MAX_DISTANCE = 2
"""Between the sums of two windows' labels: what lies farther apart is decided by the labels."""
SAME_TEXT_RATIO = 0.5
"""Share of pairs of one text, as one project's clips are ranked; the others are of two texts of a kind."""
Place = tuple[str, int, int]
"""Text, first and last sentence of a window."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two windows of one kind of text."""

    kind: Kind
    first: LabelledWindow
    second: LabelledWindow

    @property
    def is_held_out(self) -> bool:
        """Whether its texts are held out; both are, or neither."""
        return self.first.text.held_out


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader would post of two windows."""

    posted: Place
    left: Place
    why: str


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """All choices of one reader, in the order of `sample_pairs`."""

    reader: Reader
    choices: list[Choice]


def place_of(window: LabelledWindow) -> Place:
    """Where a window lies."""
    return window.text.name, window.first, window.last


def sample_pairs(windows: Sequence[LabelledWindow]) -> list[Pair]:
    """The pairs, kind by kind; no window stands in one twice with the same other."""
    usable = [window for window in windows if sum(window.labels) >= MIN_SUM]
    pairs: list[Pair] = []
    for kind in get_args(Kind):
        candidates = [window for window in usable if window.text.kind == kind]
        wanted_count = round(PAIRS_COUNT * len(candidates) / len(usable))
        pairs += _sample_kind(kind, candidates, wanted_count)
    return pairs


def _sample_kind(kind: Kind, candidates: Sequence[LabelledWindow], count: int) -> list[Pair]:
    draw = random.Random(f"{SEED} pairs {kind}")
    pairs: dict[frozenset[Place], Pair] = {}
    for _ in range(1000 * count):
        if len(pairs) == count:
            break
        first = draw.choice(candidates)
        is_same_text = draw.random() < SAME_TEXT_RATIO
        partners = [
            window
            for window in candidates
            if window is not first
            and (window.text.name == first.text.name) == is_same_text
            and window.text.held_out == first.text.held_out
            and abs(sum(window.labels) - sum(first.labels)) <= MAX_DISTANCE
        ]
        if partners:
            second = draw.choice(partners)
            key = frozenset((place_of(first), place_of(second)))
            pairs.setdefault(key, Pair(kind=kind, first=first, second=second))
    return list(pairs.values())


def in_readers_order(pair: Pair, reader: Reader) -> tuple[LabelledWindow, LabelledWindow]:
    """The two windows as a reader sees them: reader b sees them the other way round."""
    return (pair.first, pair.second) if reader == "a" else (pair.second, pair.first)


def sheet(kind: Kind, pairs: Sequence[Pair], reader: Reader) -> str:
    """The pairs of a kind as Markdown, numbered from 1."""
    lines = [f"# {kind}: {len(pairs)} pairs", ""]
    for number, pair in enumerate(pairs, 1):
        lines.append(f"## {number}")
        for place, window in enumerate(in_readers_order(pair, reader), 1):
            sentences = window.text.sentences[window.first : window.last + 1]
            lines += [f"**{place}.** " + " ".join(sentence.text for sentence in sentences), ""]
    return "\n".join(lines)


def read_tables(folder: Path, reader: Reader, pairs: Sequence[Pair]) -> Choices:
    """The tables of a reader. Raises ValueError for a pair that is unknown, left out or judged otherwise."""
    choices: list[Choice] = []
    for kind in get_args(Kind):
        group = [pair for pair in pairs if pair.kind == kind]
        rows = [line.split("\t") for line in (folder / f"{kind}.tsv").read_text().splitlines() if line]
        if [row[0] for row in rows] != [str(number) for number in range(1, len(group) + 1)]:
            raise ValueError(f"{kind}: the table has other pairs than the sheet, or another order")
        for pair, (number, choice, why) in zip(group, rows, strict=True):
            if choice not in ("1", "2"):
                raise ValueError(f"{kind} {number}: {choice} is neither 1 nor 2")
            windows = in_readers_order(pair, reader)
            posted, left = windows if choice == "1" else windows[::-1]
            choices.append(Choice(posted=place_of(posted), left=place_of(left), why=why))
    return Choices(reader=reader, choices=choices)


def read_choices(reader: Reader) -> dict[frozenset[Place], Place]:
    """What a reader would post, by pair."""
    stored = msgspec.json.decode((LABELS / f"posting_pairs_{reader}.json").read_bytes(), type=Choices)
    return {frozenset((choice.posted, choice.left)): choice.posted for choice in stored.choices}


def agreement_lines(pairs: Sequence[Pair]) -> Iterator[str]:
    """A line a kind and one for all: pairs, and how often both readers would post the same window."""
    by_reader = [read_choices(reader) for reader in get_args(Reader)]
    yield "kind, pairs: same choice; choice of both follows their labels, where these differ"
    for kind in (*get_args(Kind), "all"):
        group = [pair for pair in pairs if kind in (pair.kind, "all")]
        keys = [frozenset((place_of(pair.first), place_of(pair.second))) for pair in group]
        agreed = [
            (pair, by_reader[0][key]) for pair, key in zip(group, keys, strict=True) if _is_agreed(key, by_reader)
        ]
        decided = [
            (sum(pair.first.labels) > sum(pair.second.labels)) == (posted == place_of(pair.first))
            for pair, posted in agreed
            if sum(pair.first.labels) != sum(pair.second.labels)
        ]
        if group:
            yield (
                f"{kind}, {len(group)}: {len(agreed) / len(group):.0%}; "
                f"{sum(decided) / max(1, len(decided)):.0%} of {len(decided)}"
            )


def _is_agreed(key: frozenset[Place], by_reader: Sequence[dict[frozenset[Place], Place]]) -> bool:
    return len({choices[key] for choices in by_reader}) == 1


def main() -> None:
    """Print the agreement, write the sheets, or take in the readers' tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--held-out", action="store_true", help="of the texts that are held out")
    parser.add_argument("--out", type=Path, help="a folder for the sheets")
    parser.add_argument("--read", type=Path, help="a folder with pairs_a and pairs_b")
    options = parser.parse_args()
    texts = read_texts(options.media)
    windows = [window for held_out in (False, True) for window in labelled_windows(texts, held_out=held_out)]
    pairs = sample_pairs(windows)
    for reader in get_args(Reader):
        if options.out:
            folder = options.out / f"pairs_{reader}"
            folder.mkdir(parents=True, exist_ok=True)
            for kind in get_args(Kind):
                group = [pair for pair in pairs if pair.kind == kind]
                (folder / f"{kind}.md").write_text(sheet(kind, group, reader))
        if options.read:
            choices = read_tables(options.read / f"pairs_{reader}", reader, pairs)
            path = LABELS / f"posting_pairs_{reader}.json"
            path.write_bytes(msgspec.json.format(msgspec.json.encode(choices), indent=1) + b"\n")
            print(path, len(choices.choices), "pairs")
    if options.out:
        print(len(pairs), "pairs")
        return
    print("\n".join(agreement_lines([pair for pair in pairs if pair.is_held_out == options.held_out])))


if __name__ == "__main__":
    main()
