"""Fit the constants of chapters on public texts, and print them with their cross-validation.

``python -m benchmarks.ranking.chapter_training [--media DIR]``: weights of borders by logistic regression with a ridge
(a turn is a border where a person's begins within 15 s of it, and each text weighs the same); penalties and the weight
of ratings are those of the grid with the best F1 within 30 s and Pk. Each text is cut by weights that the others
taught, whole and with an eighth of its sentences left out six times: no cut may hang on one sentence. The last lines
are of texts whose weights were fitted, and whose penalties were chosen, on the others. Uses the meetings of QMSum (MIT)
and the joined speeches (public domain) in ``SEEN`` of `benchmarks.ranking.intelligence` only: the others are for its
figures. Sentence vectors are Triton's. The same texts give the same constants.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.ranking.intelligence import SEEN, f1, kind_of, near, turn_at
from benchmarks.ranking.spoken_texts import Meeting, joined_talks, qmsum
from core.infra.triton.embeddings import TritonSentences
from core.ports.models import Float32
from streams.study.topics.chapter_borders import BORDER_WEIGHTS, Rows, list_candidates, measure_borders
from streams.study.topics.chapters import find_best_cuts, measure_gains, penalise_counts
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.contract.rigs.triton_server import running

NEAR_MS = 15_000
"""Distance from a person's border at which a turn counts as one."""
RIDGE_PENALTY = 3.0
"""Penalty of squared weights."""
TEXT_WEIGHT = 300.0
"""Weight of a text, in turns."""
SHORTENED_COUNT = 6
"""Number of times that a text is cut with sentences left out."""
KEPT_SHARE = 0.88
"""Share of the sentences that are kept."""
RATING_WEIGHTS = (1 / 3, 1 / 4, 1 / 6, 1 / 8, 1 / 12)
CHAPTER_PENALTIES = (2.5, 3.0, 3.5, 4.0, 5.0)
COUNT_PENALTIES = (1.0, 2.0, 3.0, 5.0)
PK_WEIGHT = 2.0
"""Weight of the gain in Pk over one chapter, compared with F1; a loss counts twice."""
MEETINGS_SHARE = 0.75
"""Share of the meetings in the score of a setting; the rest is the talks'."""

Setting = tuple[float, float, float]
"""Weight of ratings, penalty of a chapter, penalty of an unusual number."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A text with all or most of its sentences.

    ``rows``: features of its candidates; ``labels``: 1 near a person's border; ``is_turn`` is false inside of turns.
    """

    edges: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    starts_ms: Sequence[int]
    gains: Rows
    rows: Rows
    labels: Rows
    is_turn: npt.NDArray[np.bool_]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Chapters of a text compared with a person's, means over its versions.

    ``right`` and ``predicted`` count borders; ``gain`` is how much less Pk is than that of one chapter; ``whole`` has
    all three for the whole text alone.
    """

    right: float
    predicted: float
    gain: float
    whole: tuple[float, float, float]


def build_version(meeting: Meeting, document: TranscriptText, vectors: Float32) -> Version:
    """Measure the candidates of a text."""
    lines = document.lines
    candidates = list_candidates(lines)
    edges = np.concatenate([[0], candidates, [len(lines)]])
    borders = np.array([meeting.transcript.words[meeting.turns[turn]].start_ms for turn in meeting.borders])
    starts = np.array([lines[at].start_ms for at in candidates])
    return Version(
        edges=edges,
        places=np.concatenate([[0], np.cumsum([line.words for line in lines])])[edges],
        starts_ms=[line.start_ms for line in lines],
        gains=measure_gains(lines, vectors, edges),
        rows=measure_borders(lines, candidates),
        labels=(np.abs(starts[:, None] - borders[None, :]).min(axis=1) <= NEAR_MS).astype(np.float64),
        is_turn=np.isin([lines[at].first_word for at in candidates], meeting.turns),
    )


def build_versions(meeting: Meeting, document: TranscriptText, vectors: Float32) -> list[Version]:
    """Build the whole text, then the shortened ones."""
    versions = [build_version(meeting, document, vectors)]
    count = len(document.lines)
    for seed in range(1, SHORTENED_COUNT + 1):
        numbers = np.sort(np.random.default_rng([seed, count]).permutation(count)[: int(count * KEPT_SHARE)])
        numbers[0] = 0
        shortened = dataclasses.replace(document, lines=[document.lines[at] for at in numbers])
        versions.append(build_version(meeting, shortened, vectors[numbers]))
    return versions


def fit_weights(versions: Sequence[Version]) -> Rows:
    """Fit the weight of each feature by Newton's method, shape (features,)."""
    rows = np.vstack([version.rows[version.is_turn] for version in versions])
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    labels = np.concatenate([version.labels[version.is_turn] for version in versions])
    counts = [int(version.is_turn.sum()) for version in versions]
    shares = np.concatenate([np.full(count, TEXT_WEIGHT / count) for count in counts])
    penalty = np.diag([*[RIDGE_PENALTY] * (rows.shape[1] - 1), 0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (shares * (labels - chances)) - penalty @ weights
        curvature = (rows * (shares * chances * (1 - chances))[:, None]).T @ rows + penalty
        weights = weights + np.linalg.solve(curvature, slope)
    return np.asarray(weights[:-1])


def compute_pk(length: int, truth: Sequence[int], cuts: Sequence[int]) -> float:
    """Compute Pk over turns (Beeferman et al. 1999).

    Of pairs half a chapter apart, the share that one side parts and the other does not.
    """
    distance = max(1, round(length / (len(truth) + 1) / 2))
    marks = np.zeros((2, length), dtype=np.int64)
    marks[0, list(truth)], marks[1, list(cuts)] = 1, 1
    chapters = marks.cumsum(axis=1)
    same = chapters[:, distance:] == chapters[:, :-distance]
    return float((same[0] != same[1]).mean())


def judge_cuts(meeting: Meeting, versions: Sequence[Version], weights: Rows) -> dict[Setting, Judged]:
    """Judge the chapters of a text by these weights, in every setting."""
    by_setting: dict[Setting, list[tuple[float, float, float]]] = {}
    length = len(meeting.turns)
    alone = compute_pk(length, meeting.borders, [])
    for version, rating_weight in product(versions, RATING_WEIGHTS):
        ratings = version.rows @ weights
        scores, cuts = find_best_cuts(version.gains, version.places, rating_weight * (ratings - ratings.mean()))
        marks = []
        for edges in cuts:
            turns = {turn_at(meeting, version.starts_ms[version.edges[edge]]) for edge in edges}
            borders = sorted(turns - {0})
            marks.append((near(meeting, borders), len(borders), alone - compute_pk(length, meeting.borders, borders)))
        for chapter_penalty, count_penalty in product(CHAPTER_PENALTIES, COUNT_PENALTIES):
            penalties = penalise_counts(len(scores), int(version.places[-1]), chapter_penalty, count_penalty)
            at = int((scores - penalties).argmax())
            by_setting.setdefault((rating_weight, chapter_penalty, count_penalty), []).append(marks[at])
    return {
        setting: Judged(
            right=float(np.mean([mark[0] for mark in marks])),
            predicted=float(np.mean([mark[1] for mark in marks])),
            gain=float(np.mean([mark[2] for mark in marks])),
            whole=marks[0],
        )
        for setting, marks in by_setting.items()
    }


def score_setting(meetings: Sequence[Meeting], judged: Sequence[Judged]) -> float:
    """Score a setting: F1 and weighted gain in Pk, of meetings and of talks, where there are any."""
    score = 0.0
    for is_talk, share in ((False, MEETINGS_SHARE), (True, 1 - MEETINGS_SHARE)):
        some = [
            (meeting, text)
            for meeting, text in zip(meetings, judged, strict=True)
            if (kind_of(meeting.name) == "talk") == is_talk
        ]
        if not some:
            continue
        right, predicted = sum(text.right for _, text in some), sum(text.predicted for _, text in some)
        truth = sum(len(meeting.borders) for meeting, _ in some)
        gain = np.mean([text.gain * (2 if text.gain < 0 else 1) for _, text in some])
        score += share * (2 * right / max(1.0, predicted + truth) + PK_WEIGHT * float(gain))
    return score


def choose_setting(meetings: Sequence[Meeting], judged: Sequence[Mapping[Setting, Judged]]) -> Setting:
    """Choose the best setting; of equals the one of greatest penalties."""
    scores = {setting: score_setting(meetings, [by_setting[setting] for by_setting in judged]) for setting in judged[0]}
    return max(scores, key=lambda setting: (round(scores[setting], 6), setting[1:], setting[0]))


def validation_lines(
    meetings: Sequence[Meeting], chosen: Sequence[Setting], judged: Sequence[Mapping[Setting, Judged]]
) -> Iterable[str]:
    """One line a kind of text, and one of all meetings: F1 within 30 s and Pk of whole texts."""
    kinds = {meeting.name: kind_of(meeting.name) for meeting in meetings}
    for kind in (*sorted(set(kinds.values())), "meeting"):
        some = [
            (meeting, by_setting[setting].whole)
            for meeting, setting, by_setting in zip(meetings, chosen, judged, strict=True)
            if kinds[meeting.name] == kind or (kind == "meeting" and kinds[meeting.name] != "talk")
        ]
        within = f1(
            int(sum(mark[0] for _, mark in some)),
            int(sum(mark[1] for _, mark in some)),
            sum(len(meeting.borders) for meeting, _ in some),
        )
        alone = float(np.mean([compute_pk(len(meeting.turns), meeting.borders, []) for meeting, _ in some]))
        gain = float(np.mean([mark[2] for _, mark in some]))
        yield f"  {kind:<10} F1 within 30 s {within:.3f}  Pk {alone - gain:.3f}  (one chapter {alone:.3f})"


def fit_lines(meetings: Sequence[Meeting], versions: Sequence[Sequence[Version]]) -> Iterable[str]:
    """Fit everything; the lines to print."""
    lessons = [versions_of_text[0] for versions_of_text in versions]
    weights = fit_weights(lessons)
    yield "weights " + "  ".join(f"{name} {weight:.3f}" for name, weight in zip(BORDER_WEIGHTS, weights, strict=True))
    numbers = range(len(meetings))
    judged = [
        judge_cuts(meetings[at], versions[at], fit_weights([lessons[other] for other in numbers if other != at]))
        for at in numbers
    ]
    setting = choose_setting(meetings, judged)
    yield "rating weight {:.3f}, chapter penalty {:.1f}, count penalty {:.1f}".format(*setting)
    yield "weights fitted on the other texts:"
    yield from validation_lines(meetings, [setting] * len(meetings), judged)
    chosen = [
        choose_setting(
            [meetings[other] for other in numbers if other != at], [judged[other] for other in numbers if other != at]
        )
        for at in numbers
    ]
    yield "weights fitted on the other texts, penalties chosen on them:"
    yield from validation_lines(meetings, chosen, judged)


async def read_versions(meetings: Iterable[Meeting], url: str) -> list[list[Version]]:
    """Embed the sentences of texts and measure them."""
    sentences = TritonSentences(url)
    try:
        texts = []
        for meeting in meetings:
            document = read_transcript(meeting.transcript)
            lines = await sentences.embed([line.text for line in document.lines])
            texts.append(build_versions(meeting, document, lines.values))
        return texts
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
        versions = asyncio.run(read_versions(meetings, server.url))
    for line in fit_lines(meetings, versions):
        print(line)


if __name__ == "__main__":
    main()
