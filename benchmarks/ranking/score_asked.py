"""Whether a prompt finds what it asks for.

The truth: QMSum's questions and the turns that people marked as their answer.

``python -m benchmarks.ranking.score_asked``: the five windows nearest to each question that share no time; a window is
right when at least half of it lies in marked turns. Compared with words in common (TF-IDF) and windows at random. Reads
no label of ``benchmarks/labels``.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.ranking.score_measures import FIRST_COUNT, interval, picks
from benchmarks.ranking.score_rig import TAIL_MS, spread
from benchmarks.ranking.score_texts import Sentence, meeting, timed
from core.infra.triton.embeddings import TritonSentences
from schemas.common import TimeRange
from schemas.documents.transcript import Transcript
from schemas.options.project import ProjectOptions
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.semantic import locate_sentences, measure_match
from streams.detect.semantics import read_meaning, texts_to_embed
from streams.detect.timeline import EmbeddedTexts, ProjectAnalysis, ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow
from tests.contract.rigs.triton_server import running

ROUNDS = 2_000
RANDOM_ROUNDS = 200
SEED = 20_261_121
MIN_MARKED_SHARE = 0.5


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """One meeting: its time line, its questions, and the ranges marked as answer to each."""

    name: str
    timeline: ProjectTimeline
    questions: list[str]
    answers: list[list[TimeRange]]


def turns_of(path: Path) -> Iterator[list[Sentence]]:
    """The sentences of each turn, on the meeting's time line."""
    turns = list(meeting(path))
    sentences = timed(turns)
    at = 0
    for turn in turns:
        count = len(timed([turn]))
        yield sentences[at : at + count]
        at += count


def read(path: Path) -> Meeting:
    """A meeting of QMSum."""
    turns = list(turns_of(path))
    words = [word for turn in turns for sentence in turn for word in spread(sentence)]
    duration_ms = words[-1].end_ms + TAIL_MS
    transcript = Transcript(
        language="en", language_probability=1.0, duration_ms=duration_ms, words=words, segments=[], speech=[],
        model="QMSum",
    )  # fmt: skip
    questions = json.loads(path.read_text())["specific_query_list"]
    return Meeting(
        name=path.stem,
        timeline=build_timeline(ProjectAnalysis(duration_ms=duration_ms, transcript=transcript, heard=[], seen=[])),
        questions=[question["query"] for question in questions],
        answers=[
            [stretch(turns, *map(int, span)) for span in question["relevant_text_span"]] for question in questions
        ],
    )


def stretch(turns: Sequence[Sequence[Sentence]], first: int, last: int) -> TimeRange:
    """The range from the first to the last turn (inclusive); one without words has no time of its own."""
    inside = [sentence for turn in turns[first : last + 1] for sentence in turn]
    return (
        TimeRange(start_ms=inside[0].start_ms, end_ms=inside[-1].end_ms) if inside else TimeRange(start_ms=0, end_ms=0)
    )


def right(window: CandidateWindow, answers: Sequence[TimeRange]) -> bool:
    """Whether half of a window lies in the marked turns."""
    return sum(window.range.overlap_ms(part) for part in answers) >= MIN_MARKED_SHARE * window.range.length_ms


def shares(qmsum_meeting: Meeting, embedded: EmbeddedTexts | None) -> list[float]:
    """The share of the five nearest windows that are right, for each question."""
    options = ProjectOptions()
    windows = find_speech_windows(qmsum_meeting.timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    sentence_indices = {sentence.first_word: at for at, sentence in enumerate(qmsum_meeting.timeline.sentences)}
    meaning = read_meaning(qmsum_meeting.timeline, embedded, qmsum_meeting.questions)
    assert meaning is not None
    precisions = []
    for at, answers in enumerate(qmsum_meeting.answers):
        alone = dataclasses.replace(
            meaning, topic_rows=meaning.topic_rows[at : at + 1], topics=[qmsum_meeting.questions[at]]
        )
        near = [measure_match(window, alone, locate_sentences(sentence_indices, window)) for window in windows]
        values = np.array([match.value if match else 0.0 for match in near])
        precisions.append(share(values, windows, answers))
    return precisions


def share(values: np.ndarray, windows: Sequence[CandidateWindow], answers: Sequence[TimeRange]) -> float:
    """The share of the first five of them, by these values, that are right."""

    def are_disjoint(first: int, second: int) -> bool:
        return first != second and not windows[first].range.overlap_ms(windows[second].range)

    return float(np.mean([right(windows[at], answers) for at in picks(values, are_disjoint)]))


def by_chance(qmsum_meeting: Meeting) -> list[float]:
    """The same of windows at random: the share of all windows that are right."""
    options = ProjectOptions()
    windows = find_speech_windows(qmsum_meeting.timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    return [float(np.mean([right(window, answers) for window in windows])) for answers in qmsum_meeting.answers]


async def _embed(url: str, meetings: Sequence[Meeting]) -> list[EmbeddedTexts]:
    sentences = TritonSentences(url)
    try:
        embeddings = [
            await sentences.embed(texts_to_embed(qmsum_meeting.timeline, qmsum_meeting.questions))
            for qmsum_meeting in meetings
        ]
    finally:
        await sentences.close()
    return [EmbeddedTexts(values=embedding.values, model=embedding.model) for embedding in embeddings]


def format_row(name: str, by_meeting: Sequence[Sequence[float]]) -> str:
    """One line: the mean over questions, with the middle 95 % of draws of meetings."""
    rng = np.random.default_rng(SEED)
    means = []
    for _ in range(ROUNDS):
        drawn = rng.integers(0, len(by_meeting), size=len(by_meeting))
        means.append(float(np.mean([value for at in drawn for value in by_meeting[at]])))
    low, high = interval(means)
    flat = [value for values in by_meeting for value in values]
    return f"  {name:<28} precision@{FIRST_COUNT} {np.mean(flat):.2f} [{low:.2f}, {high:.2f}]  ({len(flat)} questions)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    media = parser.parse_args().media
    meetings = [read(path) for path in sorted((media / "text/qmsum").glob("*.json"))]
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "triton.log") as triton:
        embedded = asyncio.run(_embed(triton.url, meetings))
    for title, first in (("developed on", 0), ("held back", 1)):
        group = slice(first, None, 2)
        pairs = zip(meetings[group], embedded[group], strict=True)
        print(f"{title}: every other meeting of QMSum; intervals draw meetings")
        print(format_row(f"by {embedded[0].model}", [shares(*pair) for pair in pairs]))
        print(format_row("by words in common", [shares(qmsum_meeting, None) for qmsum_meeting in meetings[group]]))
        print(format_row("random", [by_chance(qmsum_meeting) for qmsum_meeting in meetings[group]]))


if __name__ == "__main__":
    main()
