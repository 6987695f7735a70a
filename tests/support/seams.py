"""Hears a recording cut into spans at chosen places, and compares transcripts word by word. Decides no limit."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import pairwise
from uuid import uuid4

import msgspec
import numpy as np

from core.ports.models import Alignment, Int16, Speech
from core.settings import SpanRules
from schemas.common import ObjectRef, TimeRange, Word
from schemas.documents.span import HeardSpan
from schemas.documents.transcript import Transcript
from schemas.events import SpanPlanned
from streams.close.transcript.span_merge import merge_spans
from streams.close.transcript.span_overlap import normalise_word
from streams.ingest.span_planner import LEVEL_STEP_MS, find_quietest_cut
from streams.listen.transcribe_span import RecognitionHints, transcribe_span
from tests.support.media.recordings import RATE_HZ, flac

RULES = SpanRules()
NEAR_MS = 1_000


class Stored:
    """An object store of one object."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, ref: ObjectRef) -> bytes:
        return self._body


class Cut:
    """A cut of a recording: in a silence, as ingest finds it, or through speech."""

    def __init__(self, at_ms: int, *, silent: bool) -> None:
        self.at_ms, self.silent = at_ms, silent


def levels_db(samples: Int16) -> np.ndarray:
    """Loudness of each ``LEVEL_STEP_MS`` in dBFS, as ingest measures it."""
    step = LEVEL_STEP_MS * RATE_HZ // 1000
    power = np.square(samples[: samples.size // step * step].astype(np.float32) / 32768).reshape(-1, step).mean(axis=1)
    return (10 * np.log10(np.maximum(power, 1e-10))).astype(np.float32)


def cut_near(samples: Int16, places_ms: Sequence[int], search_ms: int) -> list[Cut]:
    """Move each place to the best silence around it, by ingest's own rule; without a silence it stays."""
    levels = levels_db(samples)
    found = [(place, find_quietest_cut(levels, place, search_ms)) for place in places_ms]
    return [Cut(place if silence is None else silence, silent=silence is not None) for place, silence in found]


def plan(ordinal: int, count: int, part: TimeRange, padded: TimeRange) -> SpanPlanned:
    ref = ObjectRef(key="k", sha256="0" * 64, size=1)
    return SpanPlanned(
        org_id=uuid4(),
        project_id=uuid4(),
        ordinal=ordinal,
        span_count=count,
        range=part,
        padded=padded,
        source=ref,
        index=ref,
        audio=ref,
    )


async def hear_in_spans(
    speech: Speech,
    samples: Int16,
    cuts: Sequence[Cut],
    alignment: Alignment | None = None,
    *,
    into_english: bool = False,
    language: str | None = None,
    glossary: Sequence[str] = (),
) -> list[HeardSpan]:
    """Transcribe each span with ingest's padding; the first span's language is a hint for the others."""
    heard: list[HeardSpan] = []
    total_ms = samples.size * 1000 // RATE_HZ
    edges = [Cut(0, silent=True), *cuts, Cut(total_ms, silent=True)]
    for ordinal, (start, end) in enumerate(pairwise(edges)):
        part = TimeRange(start_ms=start.at_ms, end_ms=end.at_ms)
        padded = TimeRange(
            start_ms=max(0, start.at_ms - _padding(start)), end_ms=min(total_ms, end.at_ms + _padding(end))
        )
        cut = samples[padded.start_ms * 16 : padded.end_ms * 16]
        heard.append(
            await transcribe_span(
                msgspec.structs.replace(plan(ordinal, len(edges) - 1, part, padded), language=language),
                objects=Stored(flac(cut)),  # type: ignore[arg-type]
                speech=speech,
                report=lambda _: None,
                hints=RecognitionHints(
                    language=heard[0].language if heard else None, glossary=[*glossary], into_english=into_english
                ),
                alignment=alignment,
            )
        )
    return heard


def _padding(cut: Cut) -> int:
    return RULES.padding_ms + (0 if cut.silent else RULES.overlap_ms // 2)


async def transcribed(
    speech: Speech, samples: Int16, cuts: Sequence[Cut] = (), alignment: Alignment | None = None
) -> Transcript:
    """The whole recording's transcript, heard in spans that are cut at ``cuts``."""
    return merge_spans(await hear_in_spans(speech, samples, cuts, alignment), samples.size * 1000 // RATE_HZ, [])


def texts(words: Sequence[Word]) -> list[str]:
    return [normalise_word(word.text) for word in words]


def differences(one: Transcript, other: Transcript) -> list[tuple[list[Word], list[Word]]]:
    """Runs of words that differ between two transcripts."""
    matcher = difflib.SequenceMatcher(None, texts(one.words), texts(other.words), autojunk=False)
    found = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return [(one.words[i1:i2], other.words[j1:j2]) for _, i1, i2, j1, j2 in found]


def differing(one: Transcript, other: Transcript) -> int:
    """Words inserted, deleted or replaced between two transcripts."""
    return sum(max(len(ours), len(theirs)) for ours, theirs in differences(one, other))


def near(words: Sequence[Word], seam_ms: int) -> list[str]:
    """Words whose middle lies within a second of a seam."""
    return [word.text for word in words if abs((word.start_ms + word.end_ms) / 2 - seam_ms) <= NEAR_MS]


def torn(whole: Transcript, merged: Transcript, cuts: Sequence[Cut]) -> list[str]:
    """Words doubled or lost within a second of a seam: differences in the number of words there."""
    return [
        f"{cut.at_ms} ms: {' '.join(near(ours, cut.at_ms))!r} became {' '.join(near(theirs, cut.at_ms))!r}"
        for cut in cuts
        for ours, theirs in differences(whole, merged)
        if len(near(ours, cut.at_ms)) != len(near(theirs, cut.at_ms))
    ]
