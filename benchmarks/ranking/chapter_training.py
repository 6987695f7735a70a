"""Fit the weights of chapter borders on public texts, and write ``chapter_borders.json`` of study.

``python -m benchmarks.ranking.chapter_training [--media DIR]``: logistic regression with a ridge, by the features of
`measure_borders`; a turn is a border where a person's begins within 10 s of it, and each text weighs the same. Cost,
length weight and number of chapters are those with the best mean over the kinds of texts, each text cut by what the
others taught. Uses the meetings of QMSum (MIT) and the joined speeches (public domain) in ``SEEN`` of
`benchmarks.ranking.intelligence` only: the others are for its figures. Sentence vectors are Triton's. The same texts
give the same bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

import streams.study.topics
from benchmarks.ranking.intelligence import SEEN, f1, kind_of, near, turn_at
from benchmarks.ranking.spoken_texts import Meeting, joined_talks, qmsum
from core.infra.triton.embeddings import TritonSentences
from core.ports.models import Float32
from streams.study.topics.chapter_borders import (
    FEATURES,
    BorderModel,
    Numbers,
    Rows,
    list_candidates,
    measure_borders,
    rate_borders,
)
from streams.study.topics.chapters import find_best_cuts
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.contract.rigs.triton_server import running

Flags = npt.NDArray[np.bool_]
NEAR_MS = 10_000
"""Distance from a person's border at which a turn counts as one."""
RIDGE_WEIGHT = 3.0
"""Penalty of squared weights."""
MEETING_WEIGHT = 300.0
"""Weight of a text, in turns."""
BORDER_COSTS = (1.0, 1.5, 2.0)
"""Greater ones leave a short text of two clear subjects in one piece: few sentences are never far above their mean."""
LENGTH_WEIGHTS = (1.0, 2.0, 4.0)
CHAPTERS = (3.0, 4.0, 5.0, 6.0, 7.0)
LENGTH_EXPONENTS = (0.33,)


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting with its candidates and their features.

    ``labels`` are 1 near a person's border, ``is_turn`` is false inside of turns: people marked no border there.
    """

    meeting: Meeting
    document: TranscriptText
    candidates: Numbers
    rows: Rows
    labels: Rows
    is_turn: Flags


def build_lesson(meeting: Meeting, document: TranscriptText, vectors: Float32) -> Lesson:
    """Measure the candidates of a meeting."""
    candidates = list_candidates(document.lines)
    starts = np.array([document.lines[at].start_ms for at in candidates])
    borders = np.array([meeting.transcript.words[meeting.turns[turn]].start_ms for turn in meeting.borders])
    distances = np.abs(starts[:, None] - borders[None, :]).min(axis=1)
    return Lesson(
        meeting=meeting,
        document=document,
        candidates=candidates,
        rows=measure_borders(document, vectors, candidates),
        labels=(distances <= NEAR_MS).astype(np.float64),
        is_turn=np.isin([document.lines[at].first_word for at in candidates], meeting.turns),
    )


def fit_weights(lessons: Sequence[Lesson]) -> Rows:
    """Fit the weight of each feature by Newton's method, shape (features,)."""
    rows = np.vstack([lesson.rows[lesson.is_turn] for lesson in lessons])
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    labels = np.concatenate([lesson.labels[lesson.is_turn] for lesson in lessons])
    counts = [int(lesson.is_turn.sum()) for lesson in lessons]
    shares = np.concatenate([np.full(count, MEETING_WEIGHT / count) for count in counts])
    penalty = np.diag([*[RIDGE_WEIGHT] * len(FEATURES), 0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (shares * (labels - chances)) - penalty @ weights
        curvature = (rows * (shares * chances * (1 - chances))[:, None]).T @ rows + penalty
        weights = weights + np.linalg.solve(curvature, slope)
    return np.asarray(weights[:-1])


def build_model(weights: Rows, setting: Sequence[float], lessons: Sequence[Lesson]) -> BorderModel:
    """Build the model of these weights and a setting: cost, length weight, chapters, exponent."""
    border_cost, length_weight, chapters, length_exponent = setting
    return BorderModel(
        weights={name: round(float(weight), 3) for name, weight in zip(FEATURES, weights, strict=True)},
        border_cost=border_cost,
        length_weight=length_weight,
        chapters=chapters,
        length_exponent=length_exponent,
        trained_on=sorted(lesson.meeting.name for lesson in lessons),
    )


def compute_pk(length: int, truth: Sequence[int], cuts: Sequence[int]) -> float:
    """Compute Pk over turns (Beeferman et al. 1999): pairs that one side parts, the other not."""
    distance = max(1, round(length / (len(truth) + 1) / 2))
    marks = np.zeros((2, length), dtype=np.int64)
    marks[0, list(truth)], marks[1, list(cuts)] = 1, 1
    chapters = marks.cumsum(axis=1)
    same = chapters[:, distance:] == chapters[:, :-distance]
    return float((same[0] != same[1]).mean())


def judge_setting(lessons: Sequence[Lesson], models: Sequence[BorderModel]) -> float:
    """Judge the chapters of each meeting by its model.

    Mean over the kinds of texts of the F1 within 30 s, and of how much less Pk is than that of one chapter.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    gains: dict[str, list[float]] = defaultdict(list)
    for lesson, model in zip(lessons, models, strict=True):
        meeting, kind, length = lesson.meeting, kind_of(lesson.meeting.name), len(lesson.meeting.turns)
        lines = lesson.document.lines
        places = np.concatenate([[0], np.cumsum([line.words for line in lines])])
        starts = find_best_cuts(lesson.candidates, rate_borders(lesson.rows, model), places, model)
        cuts = sorted({turn_at(meeting, lines[start].start_ms) for start in starts} - {0})
        for at, number in enumerate((near(meeting, cuts), len(cuts), len(meeting.borders))):
            counts[kind][at] += number
        gains[kind].append(compute_pk(length, meeting.borders, []) - compute_pk(length, meeting.borders, cuts))
    return float(np.mean([f1(*counts[kind]) + np.mean(gains[kind]) for kind in sorted(counts)]))


def fit_model(lessons: Sequence[Lesson]) -> BorderModel:
    """Fit the weights on all lessons, and the setting with each lesson left out in turn."""
    left_out_weights = [fit_weights([other for other in lessons if other is not lesson]) for lesson in lessons]
    scores = {
        setting: judge_setting(lessons, [build_model(weights, setting, lessons) for weights in left_out_weights])
        for setting in product(BORDER_COSTS, LENGTH_WEIGHTS, CHAPTERS, LENGTH_EXPONENTS)
    }
    best = max(scores, key=lambda setting: (round(scores[setting], 6), setting))  # of equals that of greatest cost
    print(f"left out in turn: F1 plus gain in Pk {scores[best]:.3f} by {best}")
    return build_model(fit_weights(lessons), best, lessons)


async def read_lessons(meetings: Iterable[Meeting], url: str) -> list[Lesson]:
    """Embed the sentences of meetings."""
    sentences = TritonSentences(url)
    try:
        lessons = []
        for meeting in meetings:
            document = read_transcript(meeting.transcript)
            rows = await sentences.embed([line.text for line in document.lines])
            lessons.append(build_lesson(meeting, document, rows.values))
        return lessons
    finally:
        await sentences.close()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    media = parser.parse_args().media
    names = [name for name in sorted(SEEN) if (media / f"text/qmsum/{name}.json").exists()]
    talks = [talk for talk in joined_talks(media) if talk.name in SEEN]
    meetings = [*(qmsum(media, name) for name in names), *talks]
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        lessons = asyncio.run(read_lessons(meetings, server.url))
    body = msgspec.json.format(msgspec.json.encode(fit_model(lessons)), indent=2) + b"\n"
    (Path(streams.study.topics.__path__[0]) / "chapter_borders.json").write_bytes(body)


if __name__ == "__main__":
    main()
