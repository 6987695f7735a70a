"""Captions and subtitles in the requested track, other languages as files; a missing track is reported."""

from __future__ import annotations

import msgspec
import pytest

from schemas.common import ObjectRef, Segment, TimeRange
from schemas.documents import encode_document
from schemas.documents.transcript import Transcript
from schemas.events import PreviewPlanned, Rendition
from schemas.options.captions import CaptionLanguage, CaptionWish, broken_language
from schemas.options.export_options import ExportOptions
from streams.renderer.caption_language import load_caption_tracks, with_clip_languages
from streams.renderer.inputs import RenderInputs, StoredTranscript
from streams.renderer.prepare import build_job
from tests.preview.test_child import source
from tests.render.test_exporter import NOBODY, REF, Memory
from tests.support.media.synthetic_media import plan, words

__all__ = ["source"]


def transcript_of(text: str, language: str, translated_from: str | None = None) -> Transcript:
    run = words(text, 300, 400)
    segment = Segment(
        start_ms=300, end_ms=1_900, text=text, first_word=0, end_word=len(run), translated_from=translated_from,
    )  # fmt: skip
    return Transcript(
        language=language, language_probability=1.0, duration_ms=2_000, words=run, segments=[segment], speech=[],
        model="m",
    )  # fmt: skip


class Stored(Memory):
    """Objects in memory that can be read, too."""

    async def get(self, ref: ObjectRef) -> bytes:
        return self.stored[ref.key][0]


async def german(objects: Stored) -> Transcript:
    track = encode_document(transcript_of("Good shit here", "en", "de"))
    return msgspec.structs.replace(
        transcript_of("Guten Tag hier", "de"), tracks={"en": await objects.put("t", track, "application/json", ".json")}
    )


@pytest.mark.parametrize(
    ("wanted", "first", "others"),
    [("spoken", "Guten Tag hier", {"en": "Good shit here"}), ("en", "Good shit here", {"de": "Guten Tag hier"})],
)
async def test_the_requested_language_is_shown_and_others_are_loaded(
    wanted: CaptionLanguage, first: str, others: dict[str, str]
) -> None:
    objects = Stored()
    found = await load_caption_tracks(await german(objects), wanted, objects)  # type: ignore[arg-type]
    assert found.shown is not None
    assert found.shown.segments[0].text == first
    assert {language: one.segments[0].text for language, one in found.others.items()} == others
    assert found.warnings == []


async def test_a_clip_is_labelled_with_its_spoken_language() -> None:
    objects = Stored()
    german_first, english_then = words("Guten Tag hier", 300, 400), words("Good day here", 4_300, 400)
    spans = [(300, 0, "Guten Tag hier", "de"), (4_300, 3, "Good day here", "en")]
    segments = [
        Segment(start_ms=at, end_ms=at + 1_600, text=text, first_word=first, end_word=first + 3, language=language)
        for at, first, text, language in spans
    ]
    both = Transcript(
        language="de", language_probability=1.0, duration_ms=6_000, words=[*german_first, *english_then],
        segments=segments, speech=[], model="m",
    )  # fmt: skip
    english = msgspec.structs.replace(
        both, language="en",
        segments=[msgspec.structs.replace(one, language="en") for one in segments],
    )  # fmt: skip
    ref = await objects.put("t", encode_document(english), "application/json", ".json")
    spoken = msgspec.structs.replace(both, tracks={"en": ref})
    for wanted, start_ms, shown, beside in (
        ("spoken", 0, "de", ["en"]), ("en", 0, "en", ["de"]), ("spoken", 4_000, "en", []), ("en", 4_000, "en", []),
    ):  # fmt: skip
        found = await load_caption_tracks(spoken, wanted, objects)  # type: ignore[arg-type]
        clip = with_clip_languages(found, [TimeRange(start_ms=start_ms, end_ms=start_ms + 2_000)])
        assert clip.shown is not None
        assert (clip.shown.language, [*clip.others]) == (shown, beside), (wanted, start_ms)
    assert with_clip_languages(await load_caption_tracks(None, "en", objects), []).shown is None  # type: ignore[arg-type]


async def test_a_missing_track_leaves_the_words_with_a_warning() -> None:
    objects, english = Stored(), transcript_of("Hello", "en")
    alone = await load_caption_tracks(transcript_of("Hallo", "de"), "en", objects)  # type: ignore[arg-type]
    assert alone.shown is not None
    assert alone.shown.language == "de"
    assert [one.split(":")[0] for one in alone.warnings] == ["captions.language"]
    assert (await load_caption_tracks(english, "en", objects)).warnings == []  # type: ignore[arg-type]
    assert (await load_caption_tracks(None, "en", objects)).shown is None  # type: ignore[arg-type]
    wish = CaptionWish(language="en")
    assert broken_language(wish, "en") == broken_language(CaptionWish(), None) == ""
    assert "translate" in broken_language(wish, None)


async def test_an_export_and_a_preview_get_the_same_words(source: tuple[object, object]) -> None:
    objects = Stored()
    index = source[1]
    asked = PreviewPlanned(
        org_id=NOBODY,
        project_id=NOBODY,
        clip_id=NOBODY,
        preview_id=NOBODY,
        ordinal=0,
        edit_version=1,
        at_ms=0,
        rendition=Rendition(
            range=TimeRange(start_ms=0, end_ms=2_000),
            aspect="9:16",
            captions=True,
            mask_profanity=True,
            options=ExportOptions(captions=CaptionWish(language="en")),
        ),
        plan=REF,
    )
    inputs = RenderInputs(index=index, stored_transcript=StoredTranscript(transcript=await german(objects)))  # type: ignore[arg-type]
    prepared = await build_job(asked.rendition, plan(index, 0, 2_000), inputs, objects=objects)  # type: ignore[arg-type]
    assert [(word.text, word.start_ms) for word in prepared.job.words] == [
        ("Good", 300),
        ("s***", 833),
        ("here", 1_366),
    ]
    assert (prepared.job.language, list(prepared.other_tracks)) == ("en", ["de"])
