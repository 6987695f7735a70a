"""Names, chapters, summaries and quotes of study, on public truth, compared with trivial baselines.

Tunes nothing.

``python -m benchmarks.ranking.intelligence [--media DIR] [--names]``: names and amounts on Earnings-21 (F1 of exact
spans and classes, but for a leading article; neighbouring amounts of one class joined, numbers inside other labels left
out), chapters (Pk and WindowDiff over turns, F1 within 30 s), their titles (words that people's have, too) and
summaries (ROUGE-L) on QMSum, chapters also on joined talks of one voice, sentence vectors from Triton. The rules were
written, and the borders of chapters fitted, with the texts of ``SEEN`` in view; the figures to quote are those of the
others.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.harness.measure import judge, script
from benchmarks.ranking.spoken_texts import Call, Meeting, Span, call, joined_talks, qmsum, without_article
from core.infra.triton.embeddings import TritonSentences
from schemas.documents.intelligence import Intelligence
from streams.study.assemble import StudyInputs, build_intelligence
from streams.study.chapter_titles import MAX_TITLE_WORDS
from streams.study.entities.candidates import is_sentence_end
from streams.study.entities.recognizer import find_entities, find_values
from streams.study.topics import keyphrases
from streams.study.topics.topic_tokens import list_terms
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.contract.rigs.triton_server import running

SEEN = frozenset(
    "4366522 4384683 4386541 ES2006a ES2009c Bed002 covid_6 TS3009a IS1006b "  # noqa: SIM905 - names, as listed
    "talk_0 talk_1 talk_2 talk_3".split()
)
KINDS = ("person", "organisation", "place", "money", "percent", "date", "number", "work")
TOLERANCE_MS = 30_000
RANDOM_ROUNDS = 20
BOOTSTRAP_ROUNDS = 2000


class Studied(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting, as it was read, and what study made of it."""

    meeting: Meeting
    spoken: TranscriptText
    made: Intelligence


def found_names(text: TranscriptText) -> set[Span]:
    """The entities and values that study finds, as spans."""
    return {
        (first, end, entity.kind)
        for entity in (*find_entities(text), *find_values(text))
        for first, end in entity.places
    }


def capitals(text: TranscriptText) -> set[Span]:
    """The baseline: a run of capitals inside a sentence is a name of every class.

    Digits are amounts or numbers.
    """
    spans: set[Span] = set()
    words = [word.text for word in text.words]
    first: int | None = None
    for at in range(len(words) + 1):
        opens = at == 0 or at == len(words) or is_sentence_end(words[at - 1])
        capital = (
            at < len(words) and words[at][:1].isupper() and not opens and not words[at].startswith(("I'", "I ", "I"))
        )
        if first is not None and (not capital or words[at - 1].endswith((",", ";", ":"))):
            spans |= {(first, at, kind) for kind in ("person", "organisation", "place", "work")}
            first = None
        if capital and first is None:
            first = at
    for at, word in enumerate(words):
        if word.startswith("$"):
            spans.add((at, at + 2 if at + 1 < len(words) and "illion" in words[at + 1] else at + 1, "money"))
        if "%" in word:
            spans.add((at, at + 1, "percent"))
        if re.fullmatch(r"(19|20)\d\d[,.]?", word):
            spans.add((at, at + 1, "date"))
        elif word[:1].isdigit() and "%" not in word:
            spans.add((at, at + 1, "number"))
    return spans


def compromise(text: TranscriptText) -> set[Span]:
    """The peer: the npm package of that name, sentence by sentence; amounts as it marks them."""
    marks_by_line = script("compromise", [line.text for line in text.lines])
    spans: set[Span] = set()
    for line, marks in zip(text.lines, marks_by_line or [], strict=True):
        offset = text.starts[line.first_word]
        for kind, start, length in marks:
            begin, end = start + offset, start + length + offset
            inside = [
                at
                for at in range(line.first_word, line.end_word)
                if text.starts[at] < end and begin < text.starts[at] + len(text.words[at].text.strip())
            ]
            if inside:
                spans.add((inside[0], inside[-1] + 1, kind))
    return spans


def f1(right: int, predicted: int, truth: int) -> float:
    """Harmonic mean of precision and recall; 0 for nothing."""
    return 2 * right / (predicted + truth) if predicted + truth else 0.0


def f1_interval(counts: Sequence[Sequence[int]]) -> tuple[float, float]:
    """95 % interval of F1 from (right, predicted, truth) of each name, names drawn with replacement.

    Names, not mentions: all mentions of a name are one decision. Two calls are too few to draw whole calls.
    """
    if not counts:
        return 0.0, 0.0
    drawn = np.random.default_rng(0).integers(len(counts), size=(BOOTSTRAP_ROUNDS, len(counts)))
    right, predicted, truth = np.array(counts)[drawn].sum(axis=1).T
    low, high = np.percentile(2 * right / np.maximum(1, predicted + truth), [2.5, 97.5])
    return float(low), float(high)


def entity_lines(calls: Sequence[Call], engines: Mapping[str, Callable[[TranscriptText], set[Span]]]) -> Iterable[str]:
    """One line a class: labels, and precision, recall, F1 of each engine, over all calls together."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    by_name: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for earnings_call in calls:
        text = read_transcript(earnings_call.transcript)
        words = [word.text.strip(",.?!;:") for word in text.words]
        for name, engine in engines.items():
            spans = {without_article(span, words) for span in engine(text)}
            for kind in KINDS:
                ours = {span for span in spans if span[2] == kind}
                truth = {span for span in earnings_call.truth if span[2] == kind}
                for at, matches in enumerate((ours & truth, ours, truth)):
                    counts[name, kind][at] += len(matches)
                    for first, end, _ in matches if name == "study" else ():
                        by_name[kind][earnings_call.name, " ".join(words[first:end]).lower()][at] += 1
    for kind in KINDS:
        figures = []
        for name in engines:
            right, found_count, truth_count = counts[name, kind]
            precision, recall = right / max(1, found_count), right / max(1, truth_count)
            figures.append(f"{name} P {precision:.2f} R {recall:.2f} F1 {f1(right, found_count, truth_count):.2f}")
        low, high = f1_interval([by_name[kind][name] for name in sorted(by_name[kind])])
        figures[0] += f" ({low:.2f} to {high:.2f})"
        yield f"  {kind:<13} n {counts['study', kind][2]:>4}   " + "   ".join(figures)


async def studied(meeting: Meeting, sentences: TritonSentences) -> Studied:
    """Through the same functions as the stage."""
    text = read_transcript(meeting.transcript)
    phrases = keyphrases.find_keyphrases(text)
    lines = await sentences.embed([line.text for line in text.lines])
    names = await sentences.embed([phrase.text for phrase in phrases])
    material = StudyInputs(
        document=text, vectors=lines.values, phrases=phrases, phrase_vectors=names.values, model=lines.model
    )
    return Studied(meeting=meeting, spoken=text, made=build_intelligence(material))


def kind_of(name: str) -> str:
    """Kind of a text: a meeting of researchers (ICSI), of designers (AMI), of a committee; or a talk."""
    if name.startswith("talk_"):
        return "talk"
    return "academic" if name.startswith("B") else "committee" if name[0].islower() else "product"


def turn_at(meeting: Meeting, start_ms: int) -> int:
    """The turn that begins nearest to a time."""
    times = [meeting.transcript.words[first].start_ms for first in meeting.turns]
    return min(range(len(times)), key=lambda turn: abs(times[turn] - start_ms))


def cuts_of(result: Studied) -> dict[str, list[int]]:
    """Turns that chapters begin with, by engine; every baseline has as many chapters as study."""
    meeting = result.meeting
    ours = sorted({turn_at(meeting, chapter.start_ms) for chapter in result.made.chapters} - {0})
    length = result.spoken.duration_ms
    even = [turn_at(meeting, round(length * part / (len(ours) + 1))) for part in range(1, len(ours) + 1)]
    cuts = {"study": ours, "equal parts": sorted(set(even) - {0}), "one chapter": []}
    for seed in range(RANDOM_ROUNDS):
        cuts[f"random {seed}"] = sorted(random.Random(seed).sample(range(1, len(meeting.turns)), len(ours)))
    return cuts


def near(meeting: Meeting, cuts: Sequence[int]) -> int:
    """The number of true borders that have a predicted one of their own within the tolerance."""
    times = [meeting.transcript.words[first].start_ms for first in meeting.turns]
    left, right = list(cuts), 0
    for border in meeting.borders:
        close = [turn for turn in left if abs(times[turn] - times[border]) <= TOLERANCE_MS]
        if close:
            left.remove(min(close, key=lambda turn: abs(times[turn] - times[border])))
            right += 1
    return right


def summaries_of(result: Studied) -> dict[str, str]:
    """Summaries by engine; every baseline takes whole sentences up to the words that study took."""
    budget = sum(len(point.quote.text.split()) for point in result.made.summary)
    lines = [line.text for line in result.spoken.lines]
    summaries = {
        "study": " ".join(point.quote.text for point in result.made.summary),
        "first": first_words(lines, budget),
    }
    for seed in range(RANDOM_ROUNDS):
        mixed = random.Random(seed).sample(lines, len(lines))
        summaries[f"random {seed}"] = first_words(mixed, budget)
    return summaries


def first_words(lines: Sequence[str], budget: int) -> str:
    """Sentences from the first on, up to a number of words."""
    sentences: list[str] = []
    for line in lines:
        if sum(len(sentence.split()) for sentence in sentences) >= budget:
            break
        sentences.append(line)
    return " ".join(sentences)


def meeting_lines(results: Sequence[Studied]) -> Iterable[str]:
    """Chapters and summaries of these meetings, by the judges."""
    cuts = {result.meeting.name: cuts_of(result) for result in results}
    request = {
        "cuts": {
            result.meeting.name: {
                "length": len(result.meeting.turns), "truth": result.meeting.borders, "found": cuts[result.meeting.name]
            }
            for result in results
        },
        "texts": {
            result.meeting.name: {"truth": result.meeting.summary, "found": summaries_of(result)}
            for result in results
            if result.meeting.summary
        },
    }  # fmt: skip
    scores = judge("chapters", request)
    for engine in ("study", "equal parts", "random", "one chapter"):
        names = [name for name in scores["cuts"] if name.split(" ")[0] == engine.split(" ")[0]]
        pk, diff = (sum(scores["cuts"][name][key] for name in names) / len(names) for key in ("pk", "window_diff"))
        right = sum(near(result.meeting, cuts[result.meeting.name][name]) for result in results for name in names)
        total = sum(len(cuts[result.meeting.name][name]) for result in results for name in names)
        truth = sum(len(result.meeting.borders) for result in results) * len(names)
        within = f1(right, total, truth)
        yield f"  chapters, {engine:<12} Pk {pk:.3f}  WindowDiff {diff:.3f}  F1 within 30 s {within:.3f}"
    for engine in ("study", "first", "random") if scores["texts"] else ():
        names = [name for name in scores["texts"] if name.split(" ")[0] == engine]
        rouge = sum(scores["texts"][name]["rouge_l"] for name in names) / len(names)
        yield f"  summary, {engine:<7} ROUGE-L {rouge:.3f}"


def called(meeting: Meeting, start_ms: int, end_ms: int) -> str | None:
    """The annotators' name of the topic that most of a range is about; None where it is about none."""
    words = meeting.transcript.words
    turns = [*meeting.turns, len(words)]
    shared = [
        (min(words[turns[end] - 1].end_ms, end_ms) - max(words[turns[first]].start_ms, start_ms), name)
        for first, end, name in meeting.topics
    ]
    most, name = max(shared, default=(0, ""))
    return name if most > 0 else None


def title_lines(results: Sequence[Studied]) -> Iterable[str]:
    """F1 of the words that carry meaning, of titles against what people call the same range.

    Mean of all chapters.
    """
    by_engine: dict[str, list[float]] = defaultdict(list)
    for result in results:
        phrases = [phrase.text for phrase in keyphrases.find_keyphrases(result.spoken)]
        for chapter in result.made.chapters:
            name = called(result.meeting, chapter.start_ms, chapter.end_ms)
            if name is None:
                continue
            opens = next(line.text for line in result.spoken.lines if line.start_ms >= chapter.start_ms)
            titles = {"study": chapter.title, "its first words": " ".join(opens.split()[:MAX_TITLE_WORDS])}
            titles["its most typical words"] = " ".join(chapter.quote.text.split()[:MAX_TITLE_WORDS])
            titles |= {
                f"random phrases {seed}": " ".join(random.Random(seed).sample(phrases, min(2, len(phrases))))
                for seed in range(RANDOM_ROUNDS)
            }
            truth = set(list_terms(name))
            for engine, title in titles.items():
                words = set(list_terms(title))
                by_engine[engine.rstrip("0123456789 ")].append(f1(len(words & truth), len(words), len(truth)))
    for engine, values in by_engine.items():
        yield f"  titles, {engine:<22} F1 of words {sum(values) / len(values):.3f}"


def quote_line(results: Sequence[Studied]) -> str:
    """A line with the number of items quoted word for word at their time, checked again."""
    count = right = 0
    for result in results:
        intelligence = result.made
        quoting: list[Any] = [
            *intelligence.summary,
            *intelligence.key_points,
            *intelligence.quotes,
            *intelligence.questions,
            *intelligence.chapters,
            *intelligence.sentiment,
            *intelligence.relations,
        ]
        mentioning: list[Any] = [*intelligence.topics, *intelligence.entities]
        quotes = [item.quote for item in quoting]
        quotes += [quote for item in mentioning for quote in item.mentions]
        for quote in quotes:
            words = [w.text for w in result.spoken.words if quote.start_ms <= w.start_ms and w.end_ms <= quote.end_ms]
            count, right = count + 1, right + (" ".join(words) == quote.text)
    return f"quotes word for word at their time: {right} of {count}"


async def study_all(media: Path, url: str) -> list[Studied]:
    """Every meeting of the shared texts, and every joined talk."""
    sentences = TritonSentences(url)
    try:
        names = sorted(path.stem for path in (media / "text/qmsum").glob("*.json"))
        meetings = [*(qmsum(media, name) for name in names), *joined_talks(media)]
        return [await studied(meeting, sentences) for meeting in meetings]
    finally:
        await sentences.close()


def study_on_triton(media: Path) -> list[Studied]:
    """Every meeting of the shared texts, on a Triton for this run."""
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        return asyncio.run(study_all(media, server.url))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--names", action="store_true", help="names and amounts alone, without Triton")
    options = parser.parse_args()
    media = options.media
    calls = [call(media, path.stem) for path in sorted((media / "text/earnings21").glob("*.nlp"))]
    meetings = list[Studied]() if options.names else study_on_triton(media)
    engines = {"study": found_names, "capitals": capitals}
    if script("compromise", []) is None:
        print("the peer (compromise) does not run: there is no Node.js here")
    else:
        engines["compromise"] = compromise
    for title, is_seen in (("not seen before", False), ("seen while the rules were written", True)):
        some_calls = [earnings_call for earnings_call in calls if (earnings_call.name in SEEN) == is_seen]
        some = [result for result in meetings if (result.meeting.name in SEEN) == is_seen]
        of_people = [result for result in some if kind_of(result.meeting.name) != "talk"]
        print(f"{title}: {len(some_calls)} calls, {len(of_people)} meetings")
        for line in entity_lines(some_calls, engines):
            print(line)
        for line in (*meeting_lines(of_people), *title_lines(of_people)) if some else ():
            print(line)
        for kind in sorted({kind_of(result.meeting.name) for result in some}):
            of_kind = [result for result in some if kind_of(result.meeting.name) == kind]
            print(f" {kind}: {len(of_kind)} texts")
            for line in meeting_lines(of_kind):
                print(line)
    if meetings:
        print(quote_line(meetings))


if __name__ == "__main__":
    main()
