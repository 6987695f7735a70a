"""Calls and meetings of the shared texts as transcripts, and what people marked in them.

Scores nothing.
"""

from __future__ import annotations

import ast
import bisect
import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.posting.posting_texts import presidents
from benchmarks.ranking.score_texts import MS_PER_WORD, PAUSE_MS, TURN_PAUSE_MS, meeting, timed
from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript
from streams.study.entities.candidates import is_sentence_end

CLASSES = {
    "PERSON": "person", "ORG": "organisation", "GPE": "place", "LOC": "place", "FAC": "place", "MONEY": "money",
    "PERCENT": "percent", "DATE": "date", "YEAR": "date", "TIME": "time", "CARDINAL": "number", "ORDINAL": "number",
    "WORK_OF_ART": "work",
}  # fmt: skip
"""Classes of Earnings-21 that we name as well."""
ARTICLES = frozenset(("the", "our", "a", "an", "its", "their", "your"))
_MARKS = re.compile(r"\{\w+\}|\[[^\]]*\]|<[^>]*>")
MAX_NEAR_TURNS_COUNT = 5
"""Borders so near to each other are one: a few words between two topics are no topic."""
TALK_SEED = 20_261_124
TALKS_COUNT = 8
TALK_RUNS_COUNT = 5
RUN_WORDS = (250, 1_000)
"""Words of one speech's run in a joined talk."""
Span = tuple[int, int, str]
"""(first word, end word, kind)."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An earnings call and its labelled names and amounts."""

    name: str
    transcript: Transcript
    truth: set[Span]


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting.

    ``turns`` are the first words of its turns, ``borders`` the turns that begin a new topic.
    """

    name: str
    transcript: Transcript
    turns: list[int]
    borders: list[int]
    summary: str
    numbers: list[int] = []
    """What the file calls each turn: those without a word are left out here."""
    topics: list[tuple[int, int, str]] = []
    """(first turn, end turn, what people call it) of each range about a topic."""


def transcript_of(turns: Sequence[tuple[str, Sequence[str]]]) -> Transcript:
    """Words of (speaker, words) turns at a steady rate, in one segment a sentence."""
    words: list[Word] = []
    segments: list[Segment] = []
    at_ms, first = 0, 0
    for speaker, texts in turns:
        for at, text in enumerate(texts):
            words.append(Word(text=text, start_ms=at_ms, end_ms=at_ms + MS_PER_WORD, probability=1.0, speaker=speaker))
            at_ms += MS_PER_WORD
            if at + 1 == len(texts) or is_sentence_end(text):
                segments.append(_segment(words, first, speaker))
                first = len(words)
                at_ms += PAUSE_MS
        at_ms += TURN_PAUSE_MS
    return Transcript(
        language="en",
        language_probability=1.0,
        duration_ms=at_ms,
        words=words,
        segments=segments,
        speech=[],
        model="text",
    )


def _segment(words: Sequence[Word], first: int, speaker: str) -> Segment:
    run = words[first:]
    text = " ".join(word.text for word in run)
    return Segment(
        start_ms=run[0].start_ms, end_ms=run[-1].end_ms, text=text, first_word=first, end_word=len(words),
        speaker=speaker,
    )  # fmt: skip


def call(media: Path, name: str) -> Call:
    """One call of Earnings-21.

    Neighbouring amounts of one class are one: its labels part ``$7.5`` from ``million``.
    """
    folder = media / "text/earnings21"
    rows = [line.split("|") for line in (folder / f"{name}.nlp").read_text().splitlines()[1:]]
    kinds = json.loads((folder / f"{name}.wer_tag.json").read_text())
    turns: list[tuple[str, list[str]]] = []
    for row in rows:
        if not turns or turns[-1][0] != row[1]:
            turns.append((row[1], []))
        capital = row[5] == "UC" and row[0].islower()
        turns[-1][1].append((row[0].capitalize() if capital else row[0]) + row[4])
    by_id: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for label in ast.literal_eval(row[7]):
            by_id[label.split(":")[0]].append(at)
    spans = {
        span
        for label, positions in by_id.items()
        if (kind := CLASSES.get(kinds.get(label, {}).get("entity_type")))
        for span in _unbroken(positions, kind)
    }
    words = [row[0] for row in rows]
    truth = {without_article(span, words) for span in _alone(_outermost(_joined(spans)))}
    return Call(name=name, transcript=transcript_of(turns), truth=truth)


def _unbroken(positions: Sequence[int], kind: str) -> list[Span]:
    runs: list[Span] = []
    for at in sorted(positions):
        runs = [*runs[:-1], (runs[-1][0], at + 1, kind)] if runs and runs[-1][1] == at else [*runs, (at, at + 1, kind)]
    return runs


def _joined(spans: set[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[2], span[0], span[1])):
        touches = joined and joined[-1][2] == span[2] and joined[-1][1] == span[0]
        if touches and span[2] in ("money", "percent", "number"):
            joined[-1] = (joined[-1][0], span[1], span[2])
        else:
            joined.append(span)
    return joined


def _outermost(spans: Sequence[Span]) -> list[Span]:
    return [
        span
        for span in spans
        if not any(
            outer != span and outer[2] == span[2] and outer[0] <= span[0] and span[1] <= outer[1] for outer in spans
        )
    ]


def _alone(spans: Sequence[Span]) -> list[Span]:
    """Spans without the numbers inside others.

    The ``30`` and the ``2020`` of a date are labelled as numbers, too.
    """
    named_spans = [span for span in spans if span[2] != "number"]
    return [
        span
        for span in spans
        if span[2] != "number" or not any(outer[0] <= span[0] and span[1] <= outer[1] for outer in named_spans)
    ]


def without_article(span: Span, words: Sequence[str]) -> Span:
    """A span without its first article or possessive.

    ``the FDA`` is ``FDA``, in the labels and in what is found.
    """
    first, end, kind = span
    while end - first > 1 and words[first].lower() in ARTICLES:
        first += 1
    return first, end, kind


def qmsum(media: Path, name: str) -> Meeting:
    """One meeting of QMSum. A border is the first turn of a topic, and the one behind its last."""
    path = media / f"text/qmsum/{name}.json"
    document: dict[str, Any] = json.loads(path.read_text())
    turns, numbers = [], []
    for number, (speaker, text) in enumerate(meeting(path)):
        words = [word for word in _MARKS.sub(" ", text).split() if any(letter.isalnum() for letter in word)]
        if words:
            turns.append((speaker, words))
            numbers.append(number)
    spans = sorted(
        (int(first), int(last)) for topic in document["topic_list"] for first, last in topic["relevant_text_span"]
    )
    marked: set[int] = set()
    for edge in sorted({first for first, _ in spans} | {last + 1 for _, last in spans}):
        if not marked or edge - max(marked) > MAX_NEAR_TURNS_COUNT:
            marked.add(edge)
    at_turn = {next((at for at, number in enumerate(numbers) if number >= edge), len(numbers)) for edge in marked}
    topics = [
        (bisect.bisect_left(numbers, int(first)), bisect.bisect_right(numbers, int(last)), topic["topic"])
        for topic in document["topic_list"]
        for first, last in topic["relevant_text_span"]
    ]
    firsts = [0]
    for _, words in turns:
        firsts.append(firsts[-1] + len(words))
    return Meeting(
        name=name,
        transcript=transcript_of(turns),
        turns=firsts[:-1],
        borders=sorted(edge for edge in at_turn if 0 < edge < len(turns)),
        summary=document["general_query_list"][0]["answer"],
        numbers=numbers,
        topics=[topic for topic in topics if topic[0] < topic[1]],
    )


def joined_talks(media: Path) -> list[Meeting]:
    """Talks of one voice, each of runs of sentences from several presidents' speeches.

    Every sentence is a turn, and borders are where the runs meet.
    """
    draw = random.Random(TALK_SEED)
    paths = sorted((media / "text/us_presidents").glob("*.txt"))
    return [_joined_talk(f"talk_{number}", draw, draw.sample(paths, TALK_RUNS_COUNT)) for number in range(TALKS_COUNT)]


def _joined_talk(name: str, draw: random.Random, paths: Sequence[Path]) -> Meeting:
    sentences: list[list[str]] = []
    borders: list[int] = []
    for path in paths:
        texts = [sentence.text.split() for sentence in timed(list(presidents(path)))]
        words, first = draw.randint(*RUN_WORDS), draw.randrange(len(texts) // 2)
        borders.append(len(sentences))
        while first < len(texts) and words > 0:
            sentences.append(texts[first])
            words -= len(texts[first])
            first += 1
    firsts = [0]
    for texts_of_sentence in sentences:
        firsts.append(firsts[-1] + len(texts_of_sentence))
    return Meeting(
        name=name,
        transcript=transcript_of([("1", texts_of_sentence) for texts_of_sentence in sentences]),
        turns=firsts[:-1],
        borders=borders[1:],
        summary="",
    )
