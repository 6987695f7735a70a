"""The in-memory fakes meet the same contracts as the real servers (tests/contract runs the same suite)."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import numpy as np

from tests.contract.rigs.stage_rig import SpeechTwin
from tests.core.media.fakes import ObjectsTwin
from tests.look.fakes import BrightestFaces, DarkLipped
from tests.sinks.fakes import MemoryAnalytics, MemorySearch
from tests.support.port_contracts import (
    alignment_keeps_what_it_promises,
    analytics_keep_what_they_promise,
    faces_keep_what_they_promise,
    landmarks_keep_what_they_promise,
    names_keep_what_they_promise,
    objects_keep_what_they_promise,
    search_keeps_what_it_promises,
    sentences_keep_what_they_promise,
    speech_keeps_what_it_promises,
    voices_keep_what_they_promise,
)
from tests.support.vectors import BracketNames, EvenAlignment, PitchVoices, WordSentences


async def test_the_object_fake_keeps_its_promises(tmp_path: Path) -> None:
    await objects_keep_what_they_promise(ObjectsTwin(), tmp_path)


async def test_the_search_fake_keeps_its_promises() -> None:
    await search_keeps_what_it_promises(MemorySearch())


async def test_the_analytics_fake_keeps_its_promises() -> None:
    analytics = MemoryAnalytics()

    async def count(org: UUID) -> int:
        return sum(key[0] == org for key in analytics.events)

    await analytics_keep_what_they_promise(analytics, count)


async def test_the_speech_fake_keeps_its_promises() -> None:
    await speech_keeps_what_it_promises(SpeechTwin(), np.zeros(5 * 16_000, dtype=np.int16))


async def test_the_face_fake_keeps_its_promises() -> None:
    await faces_keep_what_they_promise(BrightestFaces())


async def test_the_landmark_fake_keeps_its_promises() -> None:
    await landmarks_keep_what_they_promise(DarkLipped())


async def test_the_voice_fake_keeps_its_promises() -> None:
    await voices_keep_what_they_promise(PitchVoices())


async def test_the_sentence_fake_keeps_its_promises() -> None:
    await sentences_keep_what_they_promise(WordSentences())


async def test_the_name_fake_keeps_its_promises() -> None:
    await names_keep_what_they_promise(BracketNames())


async def test_the_alignment_fake_keeps_its_promises() -> None:
    await alignment_keeps_what_it_promises(EvenAlignment(), np.zeros(32_000, dtype=np.int16), ["one", "two", "three"])
