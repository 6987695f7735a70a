"""Small transcripts, loudness curves and pictures, and the lecture's reference words. Opens no media."""

from __future__ import annotations

import json
import math
import os
import uuid
from pathlib import Path

from schemas.common import Box, Face, TimeRange, Word
from schemas.documents.span import HeardSpan, LoudnessCurve, SeenPicture, SeenSpan, ShotChange
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from streams.detect.timeline import ProjectAnalysis

LECTURE_MS = 203_341
EVENT_ID = uuid.UUID(int=7)


def media() -> Path:
    """The shared media; fails saying so where it is not there."""
    path = Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media"))
    assert path.is_dir(), f"the shared media is not at {path}: set CLIPSTREAM_MEDIA"
    return path


def name_id(name: str) -> uuid.UUID:
    return result_id(EVENT_ID, "detect", name)


def lecture_words() -> list[Word]:
    """The lecture's words as whisper-medium heard them (a machine's reference, not a human's)."""
    document = json.loads((media() / "talking/physicsworks_whisper_medium.json").read_text())
    return [
        Word(
            text=word["word"].strip(),
            start_ms=round(word["time_interval"]["start"] * 1000),
            end_ms=round(word["time_interval"]["end"] * 1000),
            probability=word["alignment_confidence"],
        )
        for segment in document["segments"]
        for word in segment["words"]
    ]


def transcript(words: list[Word], duration_ms: int, language: str | None = "en") -> Transcript:
    return Transcript(
        language=language,
        language_probability=0.98,
        duration_ms=duration_ms,
        words=words,
        segments=[],
        speech=[],
        model="test",
    )


def say(text: str, start_ms: int, word_ms: int = 300, probability: float = 0.9) -> list[Word]:
    """``text`` spoken evenly from ``start_ms``, 50 ms between words."""
    return [
        Word(
            text=word,
            start_ms=start_ms + at * (word_ms + 50),
            end_ms=start_ms + at * (word_ms + 50) + word_ms,
            probability=probability,
        )
        for at, word in enumerate(text.split())
    ]


def dull_words() -> list[Word]:
    """Six minutes about figures in tables: no window of it is likely to be posted, two or three are less dull."""
    goods = (
        "orders", "invoices", "returns", "shipments", "contracts", "payments", "deposits", "receipts", "forms",
        "letters", "parcels", "tickets",
    )  # fmt: skip
    remarks = (
        "I was surprised that nobody had paid for the {goods}, because we never lost one.",
        "You should not send the {goods} before you have seen the figures yourself.",
        "People told us that the {goods} were wrong, and they were right.",
    )
    page = (
        "Page {number} has the figures of the {goods}. If you look at the table, it has the volume of the {goods} by "
        "region. The second column has the same for the year before. The {goods} are booked in the first week and are "
        "paid in the second one. {remark} There is a note on the rate below the table, and it applies to both columns. "
        "It is the same procedure as before, um, with the form that was sent."
    )
    pages = [
        page.format(number=number, goods=name, remark=remarks[(number - 1) % len(remarks)].format(goods=name))
        for number, name in enumerate(goods, start=1)
    ]
    return say(" ".join(pages), 0)


def heard_span(levels_db: list[float], step_ms: int = 100, ordinal: int = 0, start_ms: int = 0) -> HeardSpan:
    return HeardSpan(
        ordinal=ordinal,
        range=TimeRange(start_ms=start_ms, end_ms=start_ms + len(levels_db) * step_ms),
        language="en",
        language_probability=0.98,
        words=[],
        speech=[],
        loudness=LoudnessCurve(start_ms=start_ms, step_ms=step_ms, level_db=levels_db),
        model="test",
        compute_ms=0,
    )


def speech_levels(words: list[Word], duration_ms: int, step_ms: int = 100) -> list[float]:
    """-58 dB between words, about -22 dB inside them, slowly rising and falling."""
    levels = [-58.0] * (duration_ms // step_ms)
    for word in words:
        for at in range(word.start_ms // step_ms, min(len(levels), word.end_ms // step_ms + 1)):
            levels[at] = -22.0 + 4.0 * math.sin(at / 90) + (at % 7) - 3
    return levels


def picture(at_ms: int, difference: float = 0.05, face_height: float | None = None) -> SeenPicture:
    box = Box(x=100, y=50, width=(face_height or 0) * 0.8, height=face_height or 0)
    found = [Face(box=box, score=0.9)] if face_height else []
    return SeenPicture(at_ms=at_ms, brightness=100.0, difference=difference, faces=found)


def seen_span(pictures: list[SeenPicture], duration_ms: int, cuts_ms: list[int] | None = None) -> SeenSpan:
    return SeenSpan(
        ordinal=0,
        range=TimeRange(start_ms=0, end_ms=duration_ms),
        pictures=pictures,
        shots=[ShotChange(at_ms=at, after_ms=max(0, at - 1000), strength=0.5) for at in cuts_ms or []],
        thumbnails=[],
        model="test",
        compute_ms=0,
    )


def material(
    words: list[Word],
    duration_ms: int,
    *,
    language: str | None = "en",
    levels_db: list[float] | None = None,
    pictures: list[SeenPicture] | None = None,
    cuts_ms: list[int] | None = None,
    has_video: bool = True,
) -> ProjectAnalysis:
    return ProjectAnalysis(
        duration_ms=duration_ms,
        transcript=transcript(words, duration_ms, language),
        heard=[heard_span(levels_db)] if levels_db else [],
        seen=[seen_span(pictures, duration_ms, cuts_ms)] if pictures else [],
        has_video=has_video,
        display_height_px=240 if has_video else None,
    )
