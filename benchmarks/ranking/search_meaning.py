"""Search by words, by meaning and by both, on public truth, compared with chance. Tunes nothing.

``python -m benchmarks.ranking.search_meaning [--media DIR] [--meetings NAME …]``: QMSum's questions about a meeting,
and the titles that people gave to its topics (a few words, as one types them), each with the turns that answer it,
asked of that meeting's segments by the product's own options, on the search server and the sentence model of one
machine. A hit is right where its segment lies in a turn that answers. `SEEN` are the meetings that were looked at while
search was made; the figures to quote are those of the others, with the interval of a bootstrap over questions. Says too
how many of the texts that study and detect need were asked for already when the transcript closed, and what a floor
under the likeness keeps: of the right hits, and of the hits for questions about quite another meeting, which should
find nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from api.search.query import MIN_VECTOR_SCORE, SEGMENTS, SearchQuery, make_meaning_options, make_options
from benchmarks.ranking.spoken_texts import Meeting, qmsum
from core.infra.meilisearch import MeilisearchSearch, migrate_meilisearch
from core.infra.sentence_embeddings import ask, digest, list_texts
from core.infra.triton.embeddings import TritonSentences
from schemas import events
from schemas.common import ObjectRef
from streams.detect.sentences import split_sentences
from streams.sinks.search.search_documents import Document, segment_documents
from streams.study.transcript_text import read_transcript
from tests.contract.rigs.servers import make_settings, run_search_front
from tests.contract.rigs.triton_server import running

MODES = ("words", "hybrid", "meaning")
SHOWN_COUNT = 10
RANDOM_ROUNDS = 20
ORG = UUID(int=1)
SEEN = frozenset(("ES2006d", "TS3009d", "IS1006b"))
ASKED = {"questions": ("specific_query_list", "query"), "titles": ("topic_list", "topic")}
"""What is asked: where it stands in QMSum's files, and under which name."""
BOOTSTRAP_ROUNDS = 1000
FLOORS = (0.5, 0.55, 0.58, 0.6, 0.62, 0.64, 0.65, 0.66, 0.68, 0.7, 0.75)
"""Scores below which a hit might be left out."""
STRANGE = (
    "how to bake sourdough bread at home", "the offside rule in football", "treatment of a broken ankle",
    "volcanoes on the moons of Jupiter", "chord progressions in jazz", "repairing a bicycle chain",
    "the reign of Queen Victoria", "breeding habits of penguins", "vaccines against malaria",
    "how to knit a woollen scarf", "tides and the phases of the moon", "the rules of chess openings",
)  # fmt: skip
"""What no meeting speaks of."""
Spans = Sequence[tuple[int, int]]


class Tally:
    """The first hits of each question, right or not, and the time (ms) that each took, by mode."""

    def __init__(self) -> None:
        self.found: dict[str, list[list[bool]]] = {mode: [] for mode in (*MODES, "chance")}
        self.taken_ms: dict[str, list[float]] = {mode: [] for mode in MODES}


class Floors:
    """Scores of hits by meaning: of each question its hits, right or not.

    Of each strange question its best.
    """

    def __init__(self) -> None:
        self.asked: list[list[tuple[float, bool]]] = []
        self.strange: list[list[float]] = []

    def lines(self) -> Iterable[str]:
        """The table of what is left above each floor."""
        yield "floor  right hits kept  wrong left out  questions with a right hit  strange ones answered  hits each"
        right = [score for hits in self.asked for score, good in hits if good]
        wrong = [score for hits in self.asked for score, good in hits if not good]
        for floor in FLOORS:
            kept_share = sum(score >= floor for score in right) / len(right)
            gone = sum(score < floor for score in wrong) / len(wrong)
            answered = sum(any(good and score >= floor for score, good in hits) for hits in self.asked)
            odd = sum(bool(hits) and max(hits) >= floor for hits in self.strange) / len(self.strange)
            mean_hits = statistics.fmean(sum(score >= floor for score in hits) for hits in self.strange)
            shares = f"{kept_share:14.2f}  {gone:14.2f}  {answered / len(self.asked):25.2f}  {odd:21.2f}"
            yield f"{floor:5.2f}  {shares}  {mean_hits:9.1f}"


def questions(media: Path, meeting: Meeting, kind: str) -> list[tuple[str, Spans]]:
    """The questions or titles of a meeting, with the times (ms) of the turns that answer them."""
    document: dict[str, Any] = json.loads((media / f"text/qmsum/{meeting.name}.json").read_text())
    words, ends = meeting.transcript.words, [*meeting.turns[1:], len(meeting.transcript.words)]
    answered_questions = []
    listed, name = ASKED[kind]
    for question in document[listed]:
        right = [(int(first), int(last)) for first, last in question["relevant_text_span"]]
        spans = [
            (words[start].start_ms, words[end - 1].end_ms)
            for number, start, end in zip(meeting.numbers, meeting.turns, ends, strict=True)
            if any(first <= number <= last for first, last in right)
        ]
        if spans:
            answered_questions.append((question[name], spans))
    return answered_questions


def is_right(hit: Mapping[str, Any], spans: Spans) -> bool:
    """Whether the middle of a segment lies in a turn that answers."""
    middle = (hit["start_ms"] + hit["end_ms"]) / 2
    return any(first <= middle < end for first, end in spans)


async def index(meeting: Meeting, search: MeilisearchSearch, sentences: TritonSentences) -> tuple[UUID, list[Document]]:
    """A meeting's segments in the engine, as the product writes them: their project and documents."""
    rows, _, _ = await ask(sentences, list_texts(meeting.transcript), {}, patience_s=600)
    project = uuid4()
    ref = ObjectRef(key="", sha256="", size=0)
    event = events.TranscriptCompleted(
        org_id=ORG, project_id=project, transcript=ref, language="en", word_count=0, segment_count=0, speech_ms=0
    )
    documents = segment_documents(event, meeting.transcript, rows)
    await search.upsert(SEGMENTS, documents)
    return project, documents


async def options_of(
    text: str, project: UUID, mode: str, sentences: TritonSentences, *, every: bool = False
) -> Document:
    """The options of the product's query to the engine; ``every``: hits of any score."""
    query = SearchQuery(q=text[:500], project_id=[project], limit=SHOWN_COUNT, mode=mode)
    options = make_options(ORG, query, SEGMENTS)
    if mode != "words":
        (vector,) = (await ask(sentences, [text], {}, patience_s=60))[0].values()
        options |= make_meaning_options(query, vector.tolist())
        if every:
            options |= {"rankingScoreThreshold": MIN_VECTOR_SCORE}
    return options


async def measure(
    answered_questions: Sequence[tuple[str, Spans]],
    indexed: tuple[UUID, list[Document]],
    search: MeilisearchSearch,
    sentences: TritonSentences,
    tally: Tally,
    floors: Floors,
) -> None:
    """Add what each mode finds, and how long it takes (ms), the question's vector included."""
    project, documents = indexed
    for number, (text, spans) in enumerate(answered_questions):
        for mode in MODES:
            began = time.perf_counter()
            options = await options_of(text, project, mode, sentences)
            answer = await search.search(SEGMENTS, text, options)
            tally.taken_ms[mode].append((time.perf_counter() - began) * 1000)
            tally.found[mode].append([is_right(hit, spans) for hit in answer["hits"]])
            if mode == "meaning":
                options = await options_of(text, project, mode, sentences, every=True)
                answer = await search.search(SEGMENTS, text, options)
                floors.asked.append([(hit["_rankingScore"], is_right(hit, spans)) for hit in answer["hits"]])
        for turn in range(RANDOM_ROUNDS):
            chosen = random.Random(f"{number}/{turn}").sample(documents, SHOWN_COUNT)
            tally.found["chance"].append([is_right(hit, spans) for hit in chosen])


async def measure_strange(project: UUID, search: MeilisearchSearch, sentences: TritonSentences, floors: Floors) -> None:
    """Add how near the hits are for questions about what is not spoken of."""
    for text in STRANGE:
        options = await options_of(text, project, "meaning", sentences, every=True)
        answer = await search.search(SEGMENTS, text, options)
        floors.strange.append([hit["_rankingScore"] for hit in answer["hits"]])


def known_already(meeting: Meeting) -> tuple[int, int]:
    """The number of study's and detect's sentences that have a segment's text, and that of all."""
    digests = {digest(text) for text in list_texts(meeting.transcript)}
    lines = [line.text for line in read_transcript(meeting.transcript).lines]
    sentences = [
        sentence.text for sentence in split_sentences(meeting.transcript.words, meeting.transcript.duration_ms)
    ]
    texts = lines + sentences
    return sum(digest(text) in digests for text in texts), len(texts)


def interval(hits: Sequence[Sequence[bool]]) -> str:
    """95 % of the reciprocal ranks' means, drawn from the questions again."""
    ranks = [reciprocal(question_hits) for question_hits in hits]
    drawn = random.Random(0)
    means = sorted(statistics.fmean(drawn.choices(ranks, k=len(ranks))) for _ in range(BOOTSTRAP_ROUNDS))
    return f"{means[BOOTSTRAP_ROUNDS // 40]:.2f}..{means[-BOOTSTRAP_ROUNDS // 40]:.2f}"


def reciprocal(hits: Sequence[bool]) -> float:
    """1 through the place of the first right hit; 0 for none."""
    return next((1 / (at + 1) for at, right in enumerate(hits) if right), 0.0)


def scores(hits: Sequence[Sequence[bool]]) -> str:
    """A right hit among the first 1, 5 and 10; the mean reciprocal rank of the first.

    The share of right ones in 5.
    """
    among = [sum(any(question_hits[:most]) for question_hits in hits) / len(hits) for most in (1, 5, SHOWN_COUNT)]
    rank = statistics.fmean(reciprocal(question_hits) for question_hits in hits)
    share = statistics.fmean(sum(question_hits[:5]) / 5 for question_hits in hits)
    return "  ".join(f"{value:7.2f}" for value in (*among, rank, share))


def lines(tally: Tally) -> Iterable[str]:
    """A table of every mode and of chance."""
    yield f"{'':8}  first 1  first 5  first 10     MRR   share of 5   95 % of MRR   median ms"
    for mode, every in tally.found.items():
        more = f"{interval(every)}  {statistics.median(tally.taken_ms[mode]):9.1f}" if mode in MODES else ""
        yield f"{mode:8}  {scores(every)}  {more}"


async def run(media: Path, names: Sequence[str]) -> None:
    """Measure and print."""
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    floors: dict[str, Floors] = defaultdict(Floors)
    shared = [0, 0]
    with tempfile.TemporaryDirectory() as place, run_search_front(Path(place)) as front:
        with running(Path(place) / "triton.log", ("sentences",)) as server:
            await migrate_meilisearch(make_settings(meilisearch=front.url, meilisearch_key=front.password))
            search, sentences = MeilisearchSearch(front.url, front.password), TritonSentences(server.url)
            for name in names:
                meeting = qmsum(media, name)
                indexed = await index(meeting, search, sentences)
                group = "seen while it was made" if name in SEEN else "not seen before"
                for kind in ASKED:
                    answered_questions = questions(media, meeting, kind)
                    await measure(answered_questions, indexed, search, sentences, tallies[group, kind], floors[group])
                await measure_strange(indexed[0], search, sentences, floors[group])
                shared = [a + b for a, b in zip(shared, known_already(meeting), strict=True)]
                print(f"{name}: {len(meeting.transcript.segments)} segments", flush=True)
            await sentences.close()
            search.close()
    for (group, kind), tally in tallies.items():
        print(f"{group}: {len(tally.found['words'])} {kind}")
        print("\n".join(lines(tally)))
    for group, group_floors in floors.items():
        print(f"{group}: what a floor under the score keeps")
        print("\n".join(group_floors.lines()))
    print(f"texts of study and detect that were asked for at close: {shared[0]} of {shared[1]}")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "media")))
    parser.add_argument("--meetings", nargs="*")
    options = parser.parse_args()
    names = options.meetings or sorted(path.stem for path in (options.media / "text/qmsum").glob("*.json"))
    asyncio.run(run(options.media, names))


if __name__ == "__main__":
    main()
