"""Whether the score rises before people laugh: recorded meetings whose transcripts mark it.

Never hears a sound.

``python -m benchmarks.ranking.score_laughter``: QMSum's AMI meetings mark vocal sounds; where two people or more make
one within a few words of each other it is taken for laughter that is shared (alone it may be a cough). The text is
given to the scorer without its marks, at a steady rate. ``--talks DIR`` does the same for anybody's transcripts
(``*.txt``) that mark ``(Laughter)`` and ``(Applause)``.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.ranking import score, score_texts
from benchmarks.ranking.score_measures import auc
from benchmarks.ranking.score_rig import Labelled, embedded, window_of
from schemas.common import TimeRange, Word
from schemas.documents.transcript import Transcript
from schemas.options.score_weights import SUB_SCORES
from streams.detect.features.project_baseline import read_baseline
from streams.detect.scoring import FEATURES, measure_window
from streams.detect.sentences import split_sentences
from streams.detect.timeline import ProjectAnalysis, build_timeline

MEETINGS = ("ES2006a", "ES2009c", "TS3009a", "TS3010c", "ES2006d", "IS1006b", "TS3009d")
DEVELOPED_ON = MEETINGS[:4]
"""What lifts the odds of laughter was looked at in these while the word lists were written; others are held back."""
BEFORE_MS = 25_000
"""Length of each scored range."""
SOON_MS = 3_000
"""It is one before laughter where somebody laughs so soon behind it."""
CALM_MS = 12_000
"""Seconds without laughter inside and after a range that is not."""
APART_MS = 6_000
"""Distance between the ends of two ranges."""
TOGETHER_WORDS = 10
_MARKS = re.compile(r"(\{\w+\}|\((?:[Ll]aughter|[Aa]pplause|LAUGHTER|APPLAUSE|[Cc]heers)[^)]*\)|\[[^\]]*\])")
ROOM = re.compile(r"laugh|applause|cheer", re.IGNORECASE)


class MarkedSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """Words at a steady rate, and when somebody laughs or claps."""

    words: list[Word]
    marks: list[tuple[int, str]]
    """Index of the word behind a mark, and who made it."""


def read_words(turns: Sequence[tuple[str, str]]) -> MarkedSpeech:
    """The words of (speaker, text) turns, without their marks."""
    words: list[Word] = []
    marks: list[tuple[int, str]] = []
    at_ms = 0
    for speaker, text in turns:
        for part in _MARKS.split(text):
            if _MARKS.fullmatch(part):
                if part == "{vocalsound}" or ROOM.search(part):
                    marks.append((len(words), speaker))
                continue
            for token in part.split():
                if not any(sign.isalnum() for sign in token):
                    continue
                end_ms = at_ms + score_texts.MS_PER_WORD
                words.append(Word(text=token, start_ms=at_ms, end_ms=end_ms, probability=1.0, speaker=speaker))
                at_ms = end_ms + (score_texts.PAUSE_MS if token[-1] in ".?!" else 0)
        at_ms += score_texts.TURN_PAUSE_MS
    return MarkedSpeech(words=words, marks=marks)


def shared_laughter_ms(speech: MarkedSpeech, least: int) -> list[int]:
    """Times (ms) when at least ``least`` people laugh together; a run of marks counts once, at its begin."""
    runs: list[list[tuple[int, str]]] = []
    for mark in speech.marks:
        if runs and mark[0] - runs[-1][-1][0] <= TOGETHER_WORDS:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    word_indices = [run[0][0] for run in runs if len({who for _, who in run}) >= least and run[0][0] > 0]
    return [speech.words[at - 1].end_ms for at in word_indices]


def labelled(name: str, speech: MarkedSpeech, least: int) -> Labelled:
    """A text's ranges: those right before laughter, and those that are far from it."""
    duration_ms = speech.words[-1].end_ms + score_texts.TURN_PAUSE_MS
    transcript = Transcript(
        language="en", language_probability=1.0, duration_ms=duration_ms, words=speech.words, segments=[], speech=[],
        model="a transcript",
    )  # fmt: skip
    laughs = shared_laughter_ms(speech, least)
    ranges: list[TimeRange] = []
    before: list[bool] = []
    for sentence in split_sentences(speech.words, duration_ms):
        end_ms = sentence.end_ms
        soon = any(end_ms - SOON_MS <= at <= end_ms + SOON_MS for at in laughs)
        calm = not any(end_ms - BEFORE_MS <= at <= end_ms + CALM_MS for at in laughs)
        if end_ms < BEFORE_MS or not (soon or calm) or (ranges and end_ms - ranges[-1].end_ms < APART_MS):
            continue
        ranges.append(TimeRange(start_ms=end_ms - BEFORE_MS, end_ms=end_ms))
        before.append(soon)
    labels = [3 if soon else 0 for soon in before]
    material = ProjectAnalysis(duration_ms=duration_ms, transcript=transcript, heard=[], seen=[])
    return Labelled(name=name, material=material, ranges=ranges, first=labels, second=labels)


def meetings(media: Path) -> list[Labelled]:
    """The meetings whose people can be heard to laugh."""
    every = {name: read_words(list(score_texts.meeting(media / f"text/qmsum/{name}.json"))) for name in MEETINGS}
    return [labelled(name, speech, 2) for name, speech in every.items()]


def talks(folder: Path) -> list[Labelled]:
    """Anybody's transcripts; a mark counts for any speaker."""
    every = {path.stem: read_words([("1", path.read_text(errors="replace"))]) for path in sorted(folder.glob("*.txt"))}
    return [labelled(name, speech, 1) for name, speech in every.items() if speech.marks]


def feature_rows(texts: Sequence[Labelled]) -> Iterator[str]:
    """The table of each feature alone: mean AUC over the texts where it was measured."""
    yield "features alone"
    for name in SUB_SCORES:
        for part in FEATURES[name]:
            areas = [value for text in texts if (value := _alone(text, name, part)) is not None]
            if areas:
                yield f"  {name + '.' + part:<26} {np.mean(areas):.3f}"


def _alone(text: Labelled, name: str, part: str) -> float | None:
    timeline = build_timeline(text.material)
    baseline = read_baseline(timeline, text.material.embedded)
    windows = [window_of(timeline, time_range) for time_range in text.ranges]
    raws = [measure_window(window, timeline, baseline).get(name) for window in windows]
    values = [next((e.strength for e in raw.evidence if e.part == part), None) if raw else None for raw in raws]
    filled = [value if value is not None else 0.0 for value in values]
    return auc(np.array(filled), np.array(text.worth)) if any(value is not None for value in values) else None


def report(texts: Sequence[Labelled], held_back: Sequence[str]) -> Iterator[str]:
    """All tables, line by line."""
    results = [score.scored(text) for text in texts]
    by_text: dict[str, dict[str, score.Figures]] = {}
    for result in results:
        ways = {name: score.figures(values, result.text) for name, values in result.ways.items()}
        by_text[result.text.name] = ways | {score.RANDOM: score.by_chance(result.text)}
        yield f"{result.text.name}: {sum(result.text.worth)} ranges before laughter, {len(result.text.worth)} in all"
        yield from (score.format_row(name, measured) for name, measured in by_text[result.text.name].items())
    for title, inside in (("held back", True), ("developed on", False)):
        group = [ways for name, ways in by_text.items() if (name in held_back) is inside]
        if not group:
            continue
        every = {way: score.pooled([ways[way] for ways in group]) for way in (score.OURS, score.LONGEST, score.RANDOM)}
        yield f"pooled, {title}: mean over {len(group)} texts"
        yield from (score.format_row(way, measured) for way, measured in every.items())
        yield from (score.compare_figures(every[score.OURS], every[way], way) for way in (score.LONGEST, score.RANDOM))
        yield from score.ablations([result for result in results if (result.text.name in held_back) is inside])
        yield from feature_rows([result.text for result in results if (result.text.name in held_back) is inside])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--talks", type=Path, help="a folder of transcripts that mark (Laughter) and (Applause)")
    parser.add_argument("--by-words", action="store_true", help="as where the sentence model is away (TF-IDF)")
    parser.add_argument("--developed-on", action="store_true", help="leave the texts that are held back alone")
    options = parser.parse_args()
    texts = talks(options.talks) if options.talks else meetings(options.media)
    held_back = [text.name for text in texts if text.name not in DEVELOPED_ON]
    if options.developed_on:
        texts = [text for text in texts if text.name in DEVELOPED_ON]
    for line in report(texts if options.by_words else embedded(texts), held_back):
        print(line, flush=True)


if __name__ == "__main__":
    main()
