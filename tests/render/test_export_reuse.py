"""Two exports are the same if picture, sound, text and code are the same; nothing else counts."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest

from schemas.common import ObjectRef, Segment, TimeRange, Word
from schemas.documents.edit import EditList, EditSegment
from schemas.documents.source import SourceIndex
from schemas.documents.transcript import Transcript
from schemas.events import RenderRequested, Rendition
from schemas.events.rendition import FLAT_FIELDS
from schemas.options.brand_kit import BrandKit, BrandSnapshot, CheckedAsset
from schemas.options.export_options import ExportOptions
from streams.render.export_reuse import hash_recipe
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs, StoredTranscript
from streams.renderer.prepare import build_job
from streams.renderer.segments.cache_key import hash_segment_base
from tests.support.media.synthetic_media import flash_and_beep, plan

NOBODY = UUID(int=0)
NOTHING: Any = None
"""A store that nothing is asked of: there is no further track."""
REF = ObjectRef(key="k", sha256="0" * 64, size=1)
SAID = [("Hello", 300), ("there", 700), ("far", 20_000)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SourceIndex:
    return flash_and_beep(tmp_path_factory.mktemp("source") / "a.mp4", length_ms=1_600)


def transcript(*said: tuple[str, int]) -> Transcript:
    words = [Word(text=text, start_ms=at, end_ms=at + 300, probability=0.9) for text, at in said]
    segments = [
        Segment(start_ms=word.start_ms, end_ms=word.end_ms, text=word.text, first_word=number, end_word=number + 1)
        for number, word in enumerate(words)
    ]
    return Transcript(
        language="en",
        language_probability=1.0,
        duration_ms=30_000,
        words=words,
        segments=segments,
        speech=[],
        model="m",
    )


def edit_of(version: int, **more: Any) -> EditList:
    segment = EditSegment(segment_id="s1", range=TimeRange(start_ms=200, end_ms=1_400), **more)
    return EditList(version=version, base_version=version - 1, segments=[segment])


def recipe(
    known: SourceIndex,
    said: Transcript | None = None,
    *,
    edit: EditList | None = None,
    threads: int = 1,
    tools: dict[str, str] | None = None,
    brand: BrandSnapshot | None = None,
    title: str = "",
    **more: Any,
) -> str:
    crops = plan(known, 200, 1_400)
    fields: dict[str, Any] = {
        "org_id": NOBODY, "project_id": NOBODY, "clip_id": NOBODY, "export_id": NOBODY, "ordinal": 0,
        "plan": REF, "source": REF, "index": REF,
    }  # fmt: skip
    look: dict[str, Any] = {"range": crops.range, "aspect": "9:16", "captions": True}
    look |= {name: more.pop(name) for name in FLAT_FIELDS if name in more}
    request = RenderRequested(rendition=Rendition(**look), **fields | more)
    stored = StoredTranscript(transcript=said or transcript(*SAID))
    inputs = RenderInputs(
        index=known, stored_transcript=stored, encoding=Encoding(threads=threads), edit=edit, title=title
    )
    prepared = asyncio.run(build_job(request.rendition, crops, inputs, objects=NOTHING))
    return hash_recipe(prepared, request, brand, tools or {"code": "1"})


def with_intro(sha256: str) -> BrandSnapshot:
    clip = CheckedAsset(
        kind="video", object=msgspec.structs.replace(REF, sha256=sha256 * 64), width_px=640, height_px=360
    )
    return BrandSnapshot(
        kit_id=NOBODY, version=3, kit=BrandKit(name="A kit", intro=UUID(int=5)), assets={UUID(int=5): clip}
    )


def test_unused_inputs_do_not_change_the_recipe(index: SourceIndex) -> None:
    usual = recipe(index)
    assert recipe(index, threads=2) == usual, "how many threads encode"
    assert recipe(index, export_id=UUID(int=9), plan=msgspec.structs.replace(REF, key="elsewhere")) == usual
    elsewhere = transcript(*SAID[:2], ("corrected", 20_000))
    assert recipe(index, elsewhere, transcript_version=2) == usual, "a correction that the clip does not show"


def test_an_undone_edit_has_its_earlier_recipe(index: SourceIndex) -> None:
    assert recipe(index, edit=edit_of(2)) == recipe(index, edit=edit_of(4)) == recipe(index)


def test_every_other_input_changes_the_recipe(index: SourceIndex) -> None:
    other = msgspec.structs.replace(REF, sha256="1" * 64)
    recipes = [
        recipe(index),
        recipe(index, transcript(("Hallo", 300), *SAID[1:])),
        recipe(index, edit=edit_of(2, muted=True)),
        recipe(index, edit=edit_of(2, speed=1.5)),
        recipe(index, captions=False),
        recipe(index, template="minimal"),
        recipe(index, mask_profanity=True, said=transcript(("shit", 300), *SAID[1:])),
        recipe(index, options=ExportOptions(stems=True)),
        recipe(index, source=other),
        recipe(index, index=other),
        recipe(msgspec.structs.replace(index, origin_us=7)),
        recipe(index, tools={"code": "2"}),
        recipe(index, title="On the thumbnails"),
        recipe(index, brand=BrandSnapshot(kit_id=NOBODY, version=1, kit=BrandKit(name="A kit"))),
        recipe(index, brand=BrandSnapshot(kit_id=NOBODY, version=2, kit=BrandKit(name="A kit"))),
        recipe(index, brand=with_intro("1")),
        recipe(index, brand=with_intro("2")),
    ]
    assert len(set(recipes)) == len(recipes)


def test_chunks_are_named_by_the_files_of_a_kit_too() -> None:
    fields: dict[str, Any] = {
        "org_id": NOBODY, "project_id": NOBODY, "clip_id": NOBODY, "export_id": NOBODY, "ordinal": 0,
        "plan": REF, "source": REF, "index": REF,
    }  # fmt: skip
    stretch = TimeRange(start_ms=0, end_ms=1_000)
    request = RenderRequested(rendition=Rendition(range=stretch, aspect="9:16", captions=True), **fields)
    grounds = [hash_segment_base(request, Encoding(), brand, {}) for brand in (None, with_intro("1"), with_intro("2"))]
    assert len(set(grounds)) == 3


def test_subtitles_count_where_no_word_is_burned_in(index: SourceIndex) -> None:
    apart = transcript(*SAID)
    joined = msgspec.structs.replace(
        apart, segments=[Segment(start_ms=300, end_ms=1_000, text="Hello there", first_word=0, end_word=2)]
    )
    assert recipe(index, apart, captions=False) != recipe(index, joined, captions=False), "two cues, or one"
