"""Error and cost of diarization, compared with one speaker and fixed windows.

On real recordings and made conversations.

``python -m benchmarks.speech.diarization [seed …]``: seeds of the made conversations (thresholds were set on 1 to 8, 21
to 32, 51 to 56 (a minute), and 11 to 18 and 31 to 42 (half a minute)).
Everything goes through Triton and the product's own code, a recording as one span. Errors are pyannote.metrics' by a
judge in an environment of its own: no collar, overlaps counted. A floor is what no system without overlap detection
can get below.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.measure import judge
from benchmarks.speech.conversations import Conversation, conversation, phrases
from core.infra.triton.embeddings import TritonVoices
from core.infra.triton.speech import TritonSpeech
from core.ports.models import Vectors
from schemas.common import ObjectRef, TimeRange, Value
from schemas.documents.span import HeardSpan
from schemas.events import SpanPlanned
from streams.close.diarization.pipeline import add_speakers
from streams.close.diarization.stored_embeddings import read_frames, read_voices
from streams.close.transcript.span_merge import merge_spans
from streams.listen.transcribe_span import transcribe_span
from tests.contract.rigs.triton_server import Triton, running
from tests.support.media.recordings import RATE_HZ, flac, media, sound

Turns = list[tuple[float, float, str]]
REAL = {
    "sample": ("diarization/pyannote_sample.wav", "diarization/pyannote_sample.rttm", 7.8),
    "dev00": ("diarization/ami/dev00.wav", "diarization/ami/debug.development.rttm", 5.0),
    "dev01": ("diarization/ami/dev01.wav", "diarization/ami/debug.development.rttm", 8.2),
    "trn01": ("diarization/ami/trn01.wav", "diarization/ami/debug.train.rttm", 41.9),
}
"""Recording, truth, and the error (%) of a perfect system that hears one speaker at a time."""
SEEDS = (101, 102, 103, 104, 105)
BRIEF_SEEDS, BRIEF_MS = (111, 112, 113, 114, 115), 30_000
"""Conversations as short as the real recordings."""
FIXED_MS, FIXED_COSINE = 1_500, 0.6
"""The simple way: windows of one length, joined while their mean cosine is above a fixed one."""


class Case(Value):
    """A recording and who speaks when in it."""

    name: str
    samples: NDArray[np.int16]
    said: Turns
    floor: float | None = None

    @property
    def speakers(self) -> int:
        """The number of speakers."""
        return len({who for _, _, who in self.said})


class Answer(Value):
    """Turns of three systems for a case, and the processor time of ours."""

    case: Case
    ours: Turns
    one: Turns
    fixed: Turns
    voices_ms: int
    grouping_ms: int


class Shelf:
    """Objects in memory: the recording's FLAC, and what listen stores."""

    def __init__(self, body: bytes) -> None:
        self._body, self._kept = body, dict[str, bytes]()

    async def get(self, ref: ObjectRef) -> bytes:
        return self._kept.get(ref.key, self._body)

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        digest = hashlib.sha256(body).hexdigest()
        self._kept[f"{prefix}/{digest}{suffix}"] = body
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=len(body))


def real_cases() -> Iterator[Case]:
    for name, (recording, truth, floor) in REAL.items():
        lines = [line.split() for line in media(truth).read_text().splitlines()]
        turns = [
            (float(fields[3]), float(fields[3]) + float(fields[4]), fields[7]) for fields in lines if fields[1] == name
        ]
        yield Case(name=name, samples=sound(media(recording)), said=turns, floor=floor)


def made_cases(seeds: Sequence[int]) -> Iterator[Case]:
    phrases_by_reader = phrases()
    for seed in seeds:
        for count in range(1, 6):
            yield case_of(conversation(seed, count, phrases_by_reader))


def brief_cases() -> Iterator[Case]:
    phrases_by_reader = phrases()
    for seed in BRIEF_SEEDS:
        for count in range(1, 5):
            yield case_of(conversation(seed, count, phrases_by_reader, BRIEF_MS))


def case_of(recording: Conversation) -> Case:
    turns = [(turn.range.start_ms / 1000, turn.range.end_ms / 1000, turn.speaker) for turn in recording.turns]
    return Case(name=f"{recording.name} ({recording.channel})", samples=recording.samples, said=turns)


class Counted:
    """The voices' model, and what it cost."""

    def __init__(self, voices: TritonVoices) -> None:
        self._voices, self.cost_ms = voices, 0

    async def embed(self, audio: NDArray[np.int16], windows: Sequence[TimeRange]) -> Vectors:
        vectors = await self._voices.embed(audio, windows)
        self.cost_ms += vectors.compute_ms
        return vectors


async def answer(case: Case, speech: TritonSpeech, voices: TritonVoices) -> Answer:
    shelf: Any = Shelf(flac(case.samples))
    full_range = TimeRange(start_ms=0, end_ms=case.samples.size * 1000 // RATE_HZ)
    ref = ObjectRef(key="audio", sha256="0" * 64, size=1)
    span = SpanPlanned(
        org_id=UUID(int=0), project_id=UUID(int=0), ordinal=0, span_count=1, range=full_range, padded=full_range,
        source=ref, index=ref, audio=ref, language="en",
    )  # fmt: skip
    counted = Counted(voices)
    heard_span = await transcribe_span(
        span, objects=shelf, speech=speech, report=lambda _: None, voices=counted, prefix="v"
    )
    transcript, vectors = merge_spans([heard_span], full_range.end_ms, []), await read_voices([heard_span], shelf)
    frames = await read_frames([heard_span], shelf)
    started = time.process_time()
    diarization = add_speakers(transcript, [heard_span], vectors, frames).diarization
    grouping_ms = round((time.process_time() - started) * 1000)
    one_speaker = [
        (speech_range.start_ms / 1000, speech_range.end_ms / 1000, "S1") for speech_range in heard_span.speech
    ]
    return Answer(
        case=case,
        ours=[(turn.start_ms / 1000, turn.end_ms / 1000, turn.speaker) for turn in diarization.turns]
        if diarization
        else one_speaker,
        one=one_speaker,
        fixed=await fixed(case, heard_span, voices),
        voices_ms=counted.cost_ms,
        grouping_ms=grouping_ms,
    )


async def fixed(case: Case, heard_span: HeardSpan, voices: TritonVoices) -> Turns:
    """The simple way: speech in pieces of one length, each one's speaker by its own vector."""
    pieces = [
        TimeRange(start_ms=at, end_ms=min(at + FIXED_MS, speech_range.end_ms))
        for speech_range in heard_span.speech
        for at in range(speech_range.start_ms, speech_range.end_ms - 250, FIXED_MS)
    ]
    if not pieces:
        return []
    rows = (await voices.embed(case.samples, pieces)).values
    owners = list(range(len(rows)))
    near = rows @ rows.T
    while len(set(owners)) > 1:
        groups = [np.flatnonzero(np.array(owners) == name) for name in sorted(set(owners))]
        means = np.array([[near[np.ix_(row, column)].mean() for column in groups] for row in groups])
        np.fill_diagonal(means, -1.0)
        retained, gone = divmod(int(means.argmax()), len(groups))
        if means[retained, gone] < FIXED_COSINE:
            break
        owners = [
            owners[groups[retained][0]] if at in set(groups[gone].tolist()) else who for at, who in enumerate(owners)
        ]
    return [(piece.start_ms / 1000, piece.end_ms / 1000, f"S{who}") for piece, who in zip(pieces, owners, strict=True)]


def rates(answers: Sequence[Answer], system: str) -> dict[str, dict[str, float]]:
    """Errors of one system by the judge, by file and pooled."""
    request = {
        case_answer.case.name: {
            "said": case_answer.case.said,
            "heard": getattr(case_answer, system),
            "within": [0.0, case_answer.case.samples.size / RATE_HZ],
        }
        for case_answer in answers
    }
    errors: dict[str, dict[str, float]] = judge("diarization_errors", request)
    return errors


def count(turns: Turns) -> int:
    return max(1, len({who for _, _, who in turns}))


def table(title: str, answers: Sequence[Answer]) -> None:
    """Errors by file, then pooled; how often the number of speakers was right."""
    errors_by_system = {system: rates(answers, system) for system in ("ours", "one", "fixed")}
    print(f"\n{title}: DER %, ours (missed + false alarm + confusion) | one speaker | fixed windows | floor | speakers")
    for name in [*(case_answer.case.name for case_answer in answers), "pooled"]:
        ours = errors_by_system["ours"][name]
        parts = " + ".join(f"{100 * ours[part] / ours['total']:.1f}" for part in ("missed", "false_alarm", "confusion"))
        case = next((case_answer for case_answer in answers if case_answer.case.name == name), None)
        floor = f"{case.case.floor:.1f}" if case and case.case.floor is not None else "-"
        speaker_counts = f"{count(case.ours)} of {case.case.speakers}" if case else ""
        baselines = " | ".join(f"{100 * errors_by_system[system][name]['rate']:5.1f}" for system in ("one", "fixed"))
        print(f"{name:28} {100 * ours['rate']:5.1f} ({parts}) | {baselines} | {floor:>5} | {speaker_counts}")
    for system in ("ours", "fixed"):
        right = sum(count(getattr(case_answer, system)) == case_answer.case.speakers for case_answer in answers)
        print(f"number of speakers exact, {system}: {right} of {len(answers)} ({100 * right / len(answers):.0f} %)")


async def measure(server: Triton, seeds: Sequence[int]) -> None:
    speech, voices = TritonSpeech(server.url, mode="batched"), TritonVoices(server.url)
    real = [await answer(case, speech, voices) for case in real_cases()]
    table("Real recordings", real)
    synthetic = [await answer(case, speech, voices) for case in made_cases(seeds)]
    table(f"Made conversations, seeds {', '.join(map(str, seeds))}", synthetic)
    short = [await answer(case, speech, voices) for case in brief_cases()]
    table("Made conversations of half a minute", short)
    hours = sum(case_answer.case.samples.size for case_answer in [*real, *synthetic, *short]) / RATE_HZ / 3600
    for part in ("voices_ms", "grouping_ms"):
        cost_s = sum(getattr(case_answer, part) for case_answer in [*real, *synthetic, *short]) / 1000
        print(f"{part.removesuffix('_ms')}: {cost_s / hours:.1f} CPU-s an hour of sound")
    await speech.close()
    await voices.close()


def main(seeds: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        asyncio.run(measure(server, seeds))


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or SEEDS)
