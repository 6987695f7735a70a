"""Labelled texts as detect sees them: words on a time line, labelled windows, readers' labels.

Scores nothing.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import msgspec
import numpy as np

from benchmarks.ranking import ranking, score_texts
from core.infra.triton.embeddings import TritonSentences
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardSpan, LoudnessCurve
from schemas.documents.transcript import Transcript
from streams.detect.candidates.speech_windows import clip_range
from streams.detect.semantics import texts_to_embed
from streams.detect.sentences import Sentence
from streams.detect.timeline import EmbeddedTexts, ProjectAnalysis, ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow, rate_end, rate_start
from streams.speech.audio_reader import RATE_HZ, measure_loudness
from tests.contract.rigs.triton_server import running

LABELS = Path(__file__).parents[1] / "labels"
DEVELOPED_ON = ("call_4366522", "meeting_ES2006a", "meeting_covid_6")
"""Texts whose labels were read while the scorer was written; the figures that count are those of the others."""
MIN_WORTH_SCORE = 1.5
"""Least mean of both readers for a window worth posting."""
TAIL_MS = 500
LECTURE_FILE = "talking/physicsworks_lecture_203s_240p.webm"


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One text: what detect is given, the windows that were read, what each reader said of them."""

    name: str
    material: ProjectAnalysis
    ranges: list[TimeRange]
    first: list[int]
    second: list[int]

    @property
    def worth(self) -> list[bool]:
        """Whether each window is worth posting."""
        return [(first + second) / 2 >= MIN_WORTH_SCORE for first, second in zip(self.first, self.second, strict=True)]

    def are_disjoint(self, first: int, second: int) -> bool:
        """Whether two windows share no time."""
        return first != second and not self.ranges[first].overlap_ms(self.ranges[second])


def labels(reader: str) -> dict[tuple[str, int, int], int]:
    """One reader's labels by window."""
    rows = json.loads((LABELS / f"worth_pass_{reader}.json").read_text())["labels"]
    return {(row["text"], row["first"], row["last"]): row["label"] for row in rows}


def spread(sentence: score_texts.Sentence) -> list[Word]:
    """A sentence's words at a steady rate."""
    texts = sentence.text.split()
    step = (sentence.end_ms - sentence.start_ms) / len(texts)
    marks = [sentence.start_ms + round(at * step) for at in range(len(texts) + 1)]
    return [
        Word(text=text, start_ms=marks[at], end_ms=marks[at + 1], probability=1.0, speaker=sentence.speaker)
        for at, text in enumerate(texts)
    ]


def lecture_sound(media: Path) -> LoudnessCurve:
    """The loudness of the lecture, measured as listen does."""
    with av.open(io.BytesIO((media / LECTURE_FILE).read_bytes())) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        parts = [part.to_ndarray() for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate(parts, axis=1).reshape(-1)
    full_range = TimeRange(start_ms=0, end_ms=samples.size * 1000 // RATE_HZ)
    return measure_loudness(samples, padded=full_range, span_range=full_range)


def material(name: str, sentences: Sequence[score_texts.Sentence], media: Path) -> ProjectAnalysis:
    """The inputs of detect for a text: no pictures, and sound of the lecture alone."""
    heard_spans: list[HeardSpan] = []
    if name == "lecture":
        words, duration_ms = ranking.load(media / "talking/physicsworks_whisper_medium.json")
        curve = lecture_sound(media)
        full_range = TimeRange(start_ms=0, end_ms=duration_ms)
        heard_spans = [
            HeardSpan(
                ordinal=0, range=full_range, language="en", language_probability=1.0, words=[], speech=[],
                loudness=curve, model="", compute_ms=0,
            )
        ]  # fmt: skip
    else:
        words = [word for sentence in sentences for word in spread(sentence)]
        duration_ms = words[-1].end_ms + TAIL_MS
    transcript = Transcript(
        language="en", language_probability=1.0, duration_ms=duration_ms, words=words, segments=[], speech=[],
        model="labelled text",
    )  # fmt: skip
    return ProjectAnalysis(duration_ms=duration_ms, transcript=transcript, heard=heard_spans, seen=[])


def labelled(media: Path) -> list[Labelled]:
    """All labelled texts."""
    first_labels, second_labels = labels("a"), labels("b")
    labelled_texts = []
    for name, sentences in score_texts.texts(media).items():
        windows = score_texts.sampled(name, sentences)
        keys = [(name, window.first, window.last) for window in windows]
        ranges = [TimeRange(start_ms=sentences[w.first].start_ms, end_ms=sentences[w.last].end_ms) for w in windows]
        labelled_texts.append(
            Labelled(
                name=name,
                material=material(name, sentences, media),
                ranges=ranges,
                first=[first_labels[key] for key in keys],
                second=[second_labels[key] for key in keys],
            )
        )
    return labelled_texts


async def _embed_texts(url: str, texts: Sequence[Labelled]) -> list[Labelled]:
    sentences = TritonSentences(url)
    results = []
    try:
        for text in texts:
            embeddings = await sentences.embed(texts_to_embed(build_timeline(text.material), []))
            analysis = msgspec.structs.replace(
                text.material, embedded=EmbeddedTexts(values=embeddings.values, model=embeddings.model)
            )
            results.append(msgspec.structs.replace(text, material=analysis))
    finally:
        await sentences.close()
    return results


def embedded(texts: Sequence[Labelled]) -> list[Labelled]:
    """The same with what the sentence model says of them, asked as detect asks: on Triton."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "triton.log") as triton:
        return asyncio.run(_embed_texts(triton.url, texts))


def window_of(timeline: ProjectTimeline, part: TimeRange) -> CandidateWindow:
    """The labelled range as a candidate: detect's own sentences whose middle lies in it."""
    at = [
        index
        for index, sentence in enumerate(timeline.sentences)
        if part.start_ms <= (sentence.start_ms + sentence.end_ms) // 2 < part.end_ms
    ]
    every = timeline.sentences
    run = every[at[0] : at[-1] + 1]
    starts, start_flaw = rate_start(run[0], _at(every, at[0] - 1), timeline.lexicon, after=_at(every, at[0] + 1))
    ends, end_flaw = rate_end(run[-1], _at(every, at[-1] + 1), timeline.lexicon)
    return CandidateWindow(
        range=clip_range(run, timeline.duration_ms), sentences=run, start_quality=starts, end_quality=ends,
        start_flaw=start_flaw, end_flaw=end_flaw,
    )  # fmt: skip


def _at(sentences: Sequence[Sentence], index: int) -> Sentence | None:
    return sentences[index] if 0 <= index < len(sentences) else None


def longest_sentence(window: CandidateWindow) -> float:
    """Words of the longest sentence: the baseline that knows no content."""
    return float(max(sentence.end_word - sentence.first_word for sentence in window.sentences))


def loudest(timeline: ProjectTimeline, window: CandidateWindow) -> float:
    """Mean level of what is not silent, dBFS: the baseline that knows no words."""
    assert timeline.sound is not None
    return float(timeline.sound.active_levels_in(window.range).mean())
