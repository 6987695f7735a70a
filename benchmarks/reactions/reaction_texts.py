"""Texts whose transcripts mark when listeners laugh or clap, and which of them are held out.

Scores nothing. The marks are cut out of the words; what is left has a steady rate and no trace of them: an empty turn
makes no pause, and a speaker's paragraphs are one turn, because a transcriber begins a paragraph where a room claps.

``python -m benchmarks.reactions.reaction_texts`` counts texts, words and marks by kind.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.posting.posting_texts import podcast, presidents
from benchmarks.ranking.score_laughter import MarkedSpeech
from benchmarks.ranking.score_texts import MS_PER_WORD, PAUSE_MS, TURN_PAUSE_MS
from schemas.common import Word

Kind = Literal["speech", "debate", "interview", "panel", "friends", "meeting", "talk"]
"""``debate``: press conferences too. ``friends``: hosts among themselves. One voice that reads is never laughed at.

Of ``meeting`` and ``talk`` there is no text here: kinds that are never fitted on.
"""
FITTED_KINDS: tuple[Kind, ...] = ("speech", "debate", "interview", "panel", "friends")
SHOWS: dict[Kind, tuple[str, ...]] = {
    "interview": ("founders-talk", "spotlight", "request-for-commits", "the-changelog"),
    "panel": ("js-party", "go-time", "ship-it", "practical-ai"),
    "friends": ("changelog--friends", "big-tent", "backstage", "away-from-keyboard", "brain-science"),
}
MIN_REACTIONS = 3
"""A text with fewer was hardly marked at all."""
EPISODES_COUNT = 24
"""Podcast episodes of each kind, the first by a hash of their names; the learning curve says what more would do."""
RUN_WORDS = 10
"""Marks so near to each other are one reaction, at its begin."""
_DEBATE = re.compile(r"debate|conference-mikhail|news-conference")
_MARK = re.compile(r"\\?\[[^\]]*\]|\([^()]*\)")
REACTION = re.compile(r"[\[(][^\])]*(?:laugh|applause|cheer)[^\])]*[\])]", re.IGNORECASE)
"""A mark of the room, in brackets or parentheses."""
MAX_MARK_CHARS = 40
"""A longer one is a sentence in parentheses."""


class ReactionText(msgspec.Struct, frozen=True, kw_only=True):
    """One text: its words, and when listeners react."""

    name: str
    kind: Kind
    speech: MarkedSpeech
    held_out: bool


def is_reaction(mark: str) -> bool:
    """Whether a remark of the transcriber says that somebody laughs, claps or cheers."""
    return len(mark) <= MAX_MARK_CHARS and REACTION.fullmatch(mark.replace("\\", "")) is not None


def is_remark(part: str) -> bool:
    """Whether a part of the text is not said: any bracket, and a parenthesis about the room."""
    return part.lstrip("\\").startswith("[") or is_reaction(part)


def read_speech(turns: Sequence[tuple[str, str]]) -> MarkedSpeech:
    """The words of (speaker, text) turns at a steady rate; a mark is the index of the word behind it."""
    words: list[Word] = []
    marks: list[tuple[int, str]] = []
    at_ms = 0
    for speaker, group in itertools.groupby(turns, key=lambda turn: turn[0]):
        for part in _cut_remarks(" ".join(text for _, text in group)):
            if is_remark(part):
                marks += [(len(words), speaker)] if is_reaction(part) else []
                continue
            for token in part.split():
                if not any(sign.isalnum() for sign in token):
                    continue
                if words and words[-1].speaker != speaker:
                    at_ms += TURN_PAUSE_MS
                end_ms = at_ms + MS_PER_WORD
                words.append(Word(text=token, start_ms=at_ms, end_ms=end_ms, probability=1.0, speaker=speaker))
                at_ms = end_ms + (PAUSE_MS if token.rstrip("\"'”’")[-1:] in ".?!" else 0)
    return MarkedSpeech(words=words, marks=marks)


def _cut_remarks(text: str) -> Iterator[str]:
    """Cut a turn at its remarks; other parentheses stay in the words."""
    first = 0
    for match in _MARK.finditer(text):
        if is_remark(match[0]):
            yield text[first : match.start()]
            yield match[0]
            first = match.end()
    yield text[first:]


def list_reactions_ms(speech: MarkedSpeech) -> list[int]:
    """Times (ms) when listeners react: the end of the word before; a run of marks counts once."""
    firsts: list[int] = []
    last = -RUN_WORDS - 1
    for at, _ in speech.marks:
        if at - last > RUN_WORDS:
            firsts.append(at)
        last = at
    return [speech.words[at - 1].end_ms for at in firsts if at > 0]


def rank_names(names: Sequence[str], salt: str = "") -> list[str]:
    """Names in the order of their hash."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{salt}{name}".encode()).digest())


def held_out_names(names: Sequence[str]) -> set[str]:
    """A third of these, by a hash of their names; written before any of the texts was measured."""
    return set(rank_names(names, "reactions held out ")[: len(names) // 3])


def paths(media: Path, kind: Kind) -> list[Path]:
    """The files of a kind, by name."""
    folder = media / "text"
    if kind in SHOWS:
        return sorted(path for path in (folder / "podcasts").glob("*.md") if path.name.startswith(SHOWS[kind]))
    every = (folder / "us_presidents").glob("*.txt")
    return sorted(path for path in every if (kind == "debate") == bool(_DEBATE.search(path.name)))


def read_texts(media: Path) -> list[ReactionText]:
    """Texts with at least ``MIN_REACTIONS``, kind by kind."""
    texts = []
    for kind in FITTED_KINDS:
        read = podcast if kind in SHOWS else presidents
        speeches = {path.stem: read_speech(list(read(path, with_marks=True))) for path in paths(media, kind)}
        marked = {name: speech for name, speech in speeches.items() if len(list_reactions_ms(speech)) >= MIN_REACTIONS}
        names = rank_names(list(marked))[: EPISODES_COUNT if kind in SHOWS else len(marked)]
        held_out = held_out_names(names)
        texts += [
            ReactionText(name=name, kind=kind, speech=marked[name], held_out=name in held_out) for name in sorted(names)
        ]
    return texts


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    texts = read_texts(parser.parse_args().media)
    print("kind, texts (held out), words, reactions (held out)")
    for kind in FITTED_KINDS:
        group = [text for text in texts if text.kind == kind]
        counts = {text.name: len(list_reactions_ms(text.speech)) for text in group}
        held_out = [text.name for text in group if text.held_out]
        words = sum(len(text.speech.words) for text in group)
        reactions = f"{sum(counts.values())} ({sum(counts[name] for name in held_out)})"
        print(f"{kind}, {len(group)} ({len(held_out)}), {words}, {reactions}")


if __name__ == "__main__":
    main()
