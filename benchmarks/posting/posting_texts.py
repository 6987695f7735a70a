"""Texts of eight kinds whose windows were labelled as worth posting, and which are held out.

Scores nothing.

``python -m benchmarks.posting.posting_texts --out DIR`` writes each text's windows as one Markdown sheet to label, as
benchmarks/labels/posting.md describes. Texts are drawn from the shared media by a seed; a third of those of each kind
is held out by a hash of its name: no model sees them until a finished one is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from benchmarks.ranking.score_texts import Sentence, Window, earnings, meeting, overlapping, timed, windows

Kind = Literal["speech", "debate", "interview", "panel", "friends", "news", "call", "meeting"]
"""``debate``: press conferences too. ``news``: one voice that reads."""
SEED = 20_261_124
MAX_WINDOWS_COUNT = 42
"""Windows of a text: a run from its begin, one from its middle, one to its end."""
COUNT_BY_KIND: dict[Kind, int] = {
    "speech": 9, "debate": 5, "interview": 6, "panel": 6, "friends": 6, "news": 4, "call": 5, "meeting": 6,
}  # fmt: skip
PODCASTS: dict[Kind, tuple[str, ...]] = {
    "interview": ("founders-talk", "spotlight", "request-for-commits"),
    "panel": ("js-party", "go-time", "ship-it", "practical-ai"),
    "friends": ("changelog--friends", "big-tent", "backstage", "away-from-keyboard"),
    "news": ("changelog-news",),
}
LABELLED_BEFORE = frozenset({"covid_6", "education_18", "ES2006a", "Bed002"})
"""Meetings whose windows were labelled before the rules of the first scorer were written."""
_DEBATE = re.compile(r"debate|conference-mikhail|news-conference")
_TURN = re.compile(r"^\*\*([^*]+?):\*\*\s*", re.MULTILINE)
_TITLED = re.compile(r"(M(?:r|s|rs)\. [A-Z]\w+|The President)\. ")
_NAMED = re.compile(r"((?:[A-Z][\w.'-]*\s?){1,4}|Q)[.:]\s+(?=[A-Z\"'])")
_EMPHASIS = re.compile(r"\*+|(?<!\w)_|_(?!\w)")
_ROOM = re.compile(r"\\?\[[^\]]*\]|\((?:[^()]*?(?:laugh|applause|cheer|boo|crosstalk)[^()]*)\)", re.IGNORECASE)
"""Marks of reactions, and other remarks of the transcriber: a reader must not see them."""


class PostingText(msgspec.Struct, frozen=True, kw_only=True):
    """One text, cut into sentences at a steady rate of speech."""

    name: str
    kind: Kind
    sentences: list[Sentence]
    held_out: bool


def podcast(path: Path, *, with_marks: bool = False) -> Iterator[tuple[str, str]]:
    """Turns of an episode, without breaks and links; without marks of reactions unless they are wanted."""
    text = re.sub(r"\[([^\]\n]*)\]\((?:http|#|/)[^)]*\)", r"\1", path.read_text())
    parts = _TURN.split(text)
    for speaker, turn in zip(parts[1::2], parts[2::2], strict=True):
        spoken = turn.strip() if with_marks else _ROOM.sub(" ", turn).strip()
        if speaker != "Break" and spoken:
            yield speaker, _EMPHASIS.sub("", spoken).replace("\\", "")


def presidents(path: Path, *, with_marks: bool = False) -> Iterator[tuple[str, str]]:
    """Paragraphs of a speech or debate; a name in capitals or before a colon begins a turn."""
    head, _, text = path.read_text().partition("\n")
    speaker = head.removeprefix("President:").strip()
    for line in text.split("\n"):
        paragraph = _EMPHASIS.sub("", line).strip()
        turn = _TITLED.match(paragraph) or _NAMED.match(paragraph)
        if turn is not None and (turn.re is _TITLED or turn[0].rstrip().endswith(":") or turn[1].isupper()):
            speaker = turn[1].strip()
            paragraph = paragraph[turn.end() :]
        if paragraph:
            yield speaker, paragraph if with_marks else _ROOM.sub(" ", paragraph)


def held_out_names(names: Sequence[str]) -> set[str]:
    """A third of these, by a hash of their names."""
    return set(sorted(names, key=lambda name: hashlib.sha256(f"held out {name}".encode()).digest())[: len(names) // 3])


def paths(media: Path, kind: Kind) -> list[Path]:
    """The files of a kind, drawn by the seed."""
    folder = media / "text"
    if kind in PODCASTS:
        shows = PODCASTS[kind]
        candidates = [path for path in (folder / "podcasts").glob("*.md") if path.name.startswith(shows)]
    elif kind == "call":
        candidates = list((folder / "earnings21").glob("*.nlp"))
    elif kind == "meeting":
        candidates = [path for path in (folder / "qmsum").glob("*.json") if path.stem not in LABELLED_BEFORE]
    else:
        every = (folder / "us_presidents").glob("*.txt")
        candidates = [path for path in every if (kind == "debate") == bool(_DEBATE.search(path.name))]
    candidates.sort()
    count = min(COUNT_BY_KIND[kind], len(candidates))
    return sorted(random.Random(f"{SEED} {kind}").sample(candidates, count))


def turns(path: Path, kind: Kind) -> list[tuple[str, str]]:
    """(speaker, text) turns of a file."""
    if kind == "call":
        return list(earnings(path))
    if kind == "meeting":
        return list(meeting(path))
    return list(podcast(path) if kind in PODCASTS else presidents(path))


def read_texts(media: Path) -> list[PostingText]:
    """All texts, kind by kind."""
    texts = []
    for kind in get_args(Kind):
        files = paths(media, kind)
        held_out = held_out_names([path.stem for path in files])
        texts += [
            PostingText(name=path.stem, kind=kind, sentences=timed(turns(path, kind)), held_out=path.stem in held_out)
            for path in files
        ]
    return texts


def sample_windows(text: PostingText) -> list[Window]:
    """The windows of a text that were labelled."""
    every = windows(text.name, text.sentences)
    third = MAX_WINDOWS_COUNT // 3
    if len(every) < third:
        return overlapping(text.name, text.sentences)
    if len(every) <= MAX_WINDOWS_COUNT:
        return every
    middle = random.Random(f"{SEED} {text.name}").randrange(third, len(every) - 2 * third + 1)
    return every[:third] + every[middle : middle + third] + every[-third:]


def sheet(text: PostingText) -> str:
    """The windows of a text as Markdown; it does not say whether the text is held out."""
    chosen = sample_windows(text)
    lines = [f"# {text.name} ({text.kind}): {len(chosen)} windows", ""]
    for window in chosen:
        part = text.sentences[window.first : window.last + 1]
        lines.append(f"## {window.first}-{window.last} ({(part[-1].end_ms - part[0].start_ms) / 1000:.0f} s)")
        speaker = None
        for sentence in part:
            lines.append(("" if sentence.speaker == speaker else f"**{sentence.speaker}**: ") + sentence.text)
            speaker = sentence.speaker
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for text in read_texts(options.media):
        (options.out / f"{text.kind}_{text.name}.md").write_text(sheet(text))
        print(text.kind, text.name, len(text.sentences), "sentences,", len(sample_windows(text)), "windows")


if __name__ == "__main__":
    main()
