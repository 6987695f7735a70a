"""The labels of windows worth posting, and how far their two readers agree.

Scores nothing.

``python -m benchmarks.posting.posting_labels`` prints the agreement by kind of text, of all texts but those held out;
``--held-out`` of those. ``--read DIR`` makes benchmarks/labels/posting_pass_a.json and _b.json of readers' tables, one
``<kind>_<name>.tsv`` a text with lines of ``first-last<TAB>label<TAB>why``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from benchmarks.posting.posting_texts import Kind, PostingText, read_texts, sample_windows
from benchmarks.ranking.score_measures import kappa

LABELS = Path(__file__).parents[1] / "labels"
MIN_WORTH = 1.5
"""Mean of both labels from which a window is worth posting: one reader alone does not make it so."""
MAX_LABEL = 3
Reader = Literal["a", "b"]


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One reader's judgement of the sentences ``first`` to ``last`` (inclusive) of a text."""

    text: str
    first: int
    last: int
    label: int
    """0 to 3; benchmarks/labels/posting.md says what each means."""
    why: str


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """All judgements of one reader."""

    reader: Reader
    labels: list[Label]


class LabelledWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window with the labels of both readers."""

    text: PostingText
    first: int
    last: int
    labels: tuple[int, int]

    @property
    def is_worth_posting(self) -> bool:
        """Whether the mean of both labels reaches ``MIN_WORTH``."""
        return sum(self.labels) / len(self.labels) >= MIN_WORTH


def read_labels(reader: Reader) -> dict[tuple[str, int, int], int]:
    """Label by text, first and last sentence."""
    stored = msgspec.json.decode((LABELS / f"posting_pass_{reader}.json").read_bytes(), type=Labels)
    return {(label.text, label.first, label.last): label.label for label in stored.labels}


def labelled_windows(texts: Sequence[PostingText], *, held_out: bool) -> list[LabelledWindow]:
    """The windows of the texts that are held out, or of the others. KeyError for one without a label."""
    passes = [read_labels(reader) for reader in get_args(Reader)]
    return [
        LabelledWindow(
            text=text,
            first=window.first,
            last=window.last,
            labels=(passes[0][text.name, window.first, window.last], passes[1][text.name, window.first, window.last]),
        )
        for text in texts
        if text.held_out == held_out
        for window in sample_windows(text)
    ]


def read_tables(folder: Path, reader: Reader, texts: Sequence[PostingText]) -> Labels:
    """The tables of a reader.

    Raises ValueError for a window that is unknown, left out or labelled otherwise.
    """
    labels: list[Label] = []
    for text in texts:
        rows = [line.split("\t") for line in (folder / f"{text.kind}_{text.name}.tsv").read_text().splitlines() if line]
        ranges = [f"{window.first}-{window.last}" for window in sample_windows(text)]
        if [row[0] for row in rows] != ranges:
            raise ValueError(f"{text.name}: the table has other windows than the text, or another order")
        for place, label, why in rows:
            if not 0 <= int(label) <= MAX_LABEL:
                raise ValueError(f"{text.name} {place}: {label} is not a label from 0 to {MAX_LABEL}")
            first, last = map(int, place.split("-"))
            labels.append(Label(text=text.name, first=first, last=last, label=int(label), why=why))
    return Labels(reader=reader, labels=labels)


def agreement_lines(windows: Sequence[LabelledWindow]) -> Iterator[str]:
    """A line a kind and one for all: windows, those worth posting, and the readers' agreement."""
    yield "kind, texts, windows, worth posting: kappa with quadratic weights, same label, same side of worth posting"
    by_kind: Mapping[str, list[LabelledWindow]] = {
        kind: [window for window in windows if window.text.kind == kind] for kind in get_args(Kind)
    }
    for name, group in (*by_kind.items(), ("all", list(windows))):
        if group:
            yield agreement_line(name, group)


def agreement_line(name: str, windows: Sequence[LabelledWindow]) -> str:
    """How far the readers agree on these windows."""
    pairs = [window.labels for window in windows]
    same = sum(first == second for first, second in pairs) / len(pairs)
    same_side = sum((first >= MIN_WORTH) == (second >= MIN_WORTH) for first, second in pairs) / len(pairs)
    texts = len({window.text.name for window in windows})
    worth = sum(window.is_worth_posting for window in windows)
    agreed = kappa([first for first, _ in pairs], [second for _, second in pairs])
    return f"{name}, {texts}, {len(windows)}, {worth}: {agreed:.2f}, {same:.0%}, {same_side:.0%}"


def main() -> None:
    """Print the agreement, or take in the readers' tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--held-out", action="store_true", help="of the texts that are held out")
    parser.add_argument("--read", type=Path, help="a folder with pass_a and pass_b")
    options = parser.parse_args()
    texts = read_texts(options.media)
    if options.read:
        for reader in get_args(Reader):
            labels = read_tables(options.read / f"pass_{reader}", reader, texts)
            path = LABELS / f"posting_pass_{reader}.json"
            path.write_bytes(msgspec.json.format(msgspec.json.encode(labels), indent=1) + b"\n")
            print(path, len(labels.labels), "labels")
    print("\n".join(agreement_lines(labelled_windows(texts, held_out=options.held_out))))


if __name__ == "__main__":
    main()
