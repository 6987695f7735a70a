"""Compares how clips of the lecture start and end with fixed 30 s windows on the same words.

Judges borders only, not taste.

The words are those whisper-medium heard (``physicsworks_whisper_medium.json`` of the shared media), so this needs no
server and no model: ``python -m benchmarks.ranking.ranking [words.json]``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.common import TimeRange, Word
from schemas.documents.transcript import Transcript
from schemas.options.project import ProjectOptions
from streams.detect.lexicon import ENGLISH, normalise_lexicon_word
from streams.detect.pipeline import find_moments
from streams.detect.sentences import split_sentences
from streams.detect.timeline import ProjectAnalysis

NEAR_MS = 500
FIXED_MS = 30_000


def load(path: Path) -> tuple[list[Word], int]:
    """Words of the reference and the time of the last one."""
    document = json.loads(path.read_text())
    raw = [word for segment in document["segments"] for word in segment["words"]]
    words = [
        Word(
            text=word["word"].strip(),
            start_ms=round(word["time_interval"]["start"] * 1000),
            end_ms=round(word["time_interval"]["end"] * 1000),
            probability=word["alignment_confidence"],
        )
        for word in raw
    ]
    return words, words[-1].end_ms + 500


def borders(parts: Sequence[TimeRange], words: Sequence[Word], duration_ms: int) -> dict[str, float]:
    """Shares of clips with clean borders."""
    sentences = split_sentences(words, duration_ms)
    starts, ends = [s.start_ms for s in sentences], [s.end_ms for s in sentences]
    firsts = [next((normalise_lexicon_word(w.text) for w in words if w.end_ms > part.start_ms), "") for part in parts]

    def share(hits: Sequence[bool]) -> float:
        return sum(hits) / len(hits)

    return {
        "starts with a sentence": share([any(0 <= s - p.start_ms <= NEAR_MS for s in starts) for p in parts]),
        "ends with a sentence": share([any(0 <= p.end_ms - e <= NEAR_MS for e in ends) for p in parts]),
        "cuts no word": share([not any(w.start_ms < at < w.end_ms for w in words for at in edges(p)) for p in parts]),
        "first word leans on nothing": share([first not in ENGLISH.leaning | ENGLISH.pointing for first in firsts]),
    }


def edges(part: TimeRange) -> tuple[int, int]:
    """The two ends of a range."""
    return part.start_ms, part.end_ms


def main() -> None:
    """Print both rows."""
    media = Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media"))
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else media / "talking/physicsworks_whisper_medium.json"
    words, duration_ms = load(path)
    transcript = Transcript(
        language="en",
        language_probability=1.0,
        duration_ms=duration_ms,
        words=words,
        segments=[],
        speech=[],
        model="reference",
    )
    material = ProjectAnalysis(duration_ms=duration_ms, transcript=transcript, heard=[], seen=[])
    ours = [moment.range for moment in find_moments(material, ProjectOptions(), str).moments if moment.selected]
    fixed = [
        TimeRange(start_ms=at, end_ms=min(at + FIXED_MS, duration_ms))
        for at in range(0, duration_ms - FIXED_MS // 2, FIXED_MS)
    ]
    for name, parts in (("clipstream", ours), (f"fixed {FIXED_MS // 1000} s", fixed)):
        print(
            f"{name} ({len(parts)} clips, {sum(p.length_ms for p in parts) / 1000:.0f} s of {duration_ms / 1000:.0f} s)"
        )
        for label, value in borders(parts, words, duration_ms).items():
            print(f"  {label:<28} {100 * value:5.0f} %")


if __name__ == "__main__":
    main()
