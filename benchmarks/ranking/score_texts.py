"""Spoken texts whose windows readers marked as worth posting or not, cut into sentences and windows.

Scores nothing.

``python -m benchmarks.ranking.score_texts --out DIR`` writes each text's sampled windows as one Markdown sheet to
label. Texts without times get a steady speech rate: only order and length matter to what is measured on them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

MS_PER_WORD = 380
PAUSE_MS = 350
TURN_PAUSE_MS = 700
WINDOW_MS = (20_000, 45_000)
MAX_SAMPLED_COUNT = 44
SEED = 20_261_121
EARNINGS = ("4366522", "4386541", "4394084")
MEETINGS = ("covid_6", "education_18", "ES2006a", "Bed002")
_SENTENCE_END = re.compile(r"(?<=[.?!])(?<!\b(?:Mr|Dr|Ms|St|vs)\.)(?<!Mrs\.)\s+")
_MARKS = re.compile(r"\{\w+\}|\[[^\]]*\]|<[^>]*>")


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence as it was said; times in ms from the text's begin."""

    speaker: str
    text: str
    start_ms: int
    end_ms: int


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Sentences ``first`` to ``last`` (inclusive) of a text."""

    name: str
    first: int
    last: int


def timed(turns: Sequence[tuple[str, str]]) -> list[Sentence]:
    """Sentences of (speaker, text) turns, spoken at a steady rate."""
    sentences, at_ms = [], 0
    for speaker, text in turns:
        for part in _SENTENCE_END.split(_MARKS.sub(" ", text)):
            words = part.split()
            if not any(character.isalnum() for character in part):
                continue
            end_ms = at_ms + len(words) * MS_PER_WORD
            sentences.append(Sentence(speaker=speaker, text=" ".join(words), start_ms=at_ms, end_ms=end_ms))
            at_ms = end_ms + PAUSE_MS
        at_ms += TURN_PAUSE_MS
    return sentences


def lecture(media: Path) -> list[Sentence]:
    """The physics lecture: a machine's words, with their true times."""
    transcript = json.loads((media / "talking/physicsworks_whisper_medium.json").read_text())
    words = [word for segment in transcript["segments"] for word in segment["words"]]
    sentences: list[Sentence] = []
    pending: list[dict[str, Any]] = []
    for word in words:
        pending.append(word)
        if word["word"].rstrip().endswith((".", "?", "!")) or word is words[-1]:
            start_s, end_s = pending[0]["time_interval"]["start"], pending[-1]["time_interval"]["end"]
            text = "".join(part["word"] for part in pending).strip()
            sentences.append(
                Sentence(speaker="1", text=text, start_ms=round(start_s * 1000), end_ms=round(end_s * 1000))
            )
            pending = []
    return sentences


def earnings(path: Path) -> Iterator[tuple[str, str]]:
    """Turns of an Earnings-21 call: one token a line, with speaker, following punctuation and casing."""
    speaker, words = "", list[str]()
    for line in path.read_text().splitlines()[1:]:
        token, who, _, _, mark, casing, *_ = line.split("|")
        if who != speaker and words:
            yield speaker, " ".join(words)
            words = []
        speaker = who
        words.append((token.capitalize() if casing == "UC" and token.islower() else token) + mark)
    yield speaker, " ".join(words)


def meeting(path: Path) -> Iterator[tuple[str, str]]:
    """Turns of a QMSum meeting."""
    for turn in json.loads(path.read_text())["meeting_transcripts"]:
        yield turn["speaker"], re.sub(r"\s+([,.?!])", r"\1", turn["content"])


def texts(media: Path) -> dict[str, list[Sentence]]:
    """All of them by name."""
    by_name = {"lecture": lecture(media)}
    by_name |= {f"call_{name}": timed(list(earnings(media / f"text/earnings21/{name}.nlp"))) for name in EARNINGS}
    by_name |= {f"meeting_{name}": timed(list(meeting(media / f"text/qmsum/{name}.json"))) for name in MEETINGS}
    return by_name


def windows(name: str, sentences: Sequence[Sentence]) -> list[Window]:
    """The text laid out in windows of 20 to 45 s on sentence borders.

    A window is cut where a pause or a turn suggests it.
    """
    text_windows, first = [], 0
    for at, sentence in enumerate(sentences):
        length = sentence.end_ms - sentences[first].start_ms
        last = at + 1 == len(sentences)
        turn = not last and sentences[at + 1].speaker != sentence.speaker
        too_long = not last and sentences[at + 1].end_ms - sentences[first].start_ms > WINDOW_MS[1]
        if last or too_long or (turn and length >= WINDOW_MS[0]):
            text_windows.append(Window(name=name, first=first, last=at))
            first = at + 1
    return text_windows


def overlapping(name: str, sentences: Sequence[Sentence]) -> list[Window]:
    """Windows of a short text: one of at least 20 s from every other sentence."""
    text_windows = []
    for first in range(0, len(sentences), 2):
        long = (
            last
            for last in range(first, len(sentences))
            if sentences[last].end_ms - sentences[first].start_ms >= WINDOW_MS[0]
        )
        last = next(long, None)
        if last is not None:
            text_windows.append(Window(name=name, first=first, last=last))
    return text_windows


def sampled(name: str, sentences: Sequence[Sentence]) -> list[Window]:
    """At most ``SAMPLED`` windows of a text.

    A range from its begin, one from its middle, one near its end.
    """
    every = windows(name, sentences)
    if len(every) < MAX_SAMPLED_COUNT // 4:
        return overlapping(name, sentences)
    if len(every) <= MAX_SAMPLED_COUNT:
        return every
    third = MAX_SAMPLED_COUNT // 3
    middle = random.Random(f"{SEED} {name}").randrange(third, len(every) - 2 * third)
    return every[:third] + every[middle : middle + third] + every[-third:]


def main() -> None:
    """Write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, sentences in texts(options.media).items():
        chosen = sampled(name, sentences)
        lines = [f"# {name}: {len(chosen)} windows", ""]
        for window in chosen:
            part = sentences[window.first : window.last + 1]
            lines.append(
                f"## {name} {window.first}-{window.last} ({(part[-1].end_ms - part[0].start_ms) / 1000:.0f} s)"
            )
            speaker = None
            for sentence in part:
                lines.append(("" if sentence.speaker == speaker else f"**{sentence.speaker}**: ") + sentence.text)
                speaker = sentence.speaker
            lines.append("")
        (options.out / f"{name}.md").write_text("\n".join(lines))
        print(name, len(sentences), "sentences,", len(chosen), "windows")


if __name__ == "__main__":
    main()
