"""Builds the render child's job from a rendition and its stored inputs, for exports and previews."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.editing.clock import place_edit, single_segment
from core.domain.editing.output_words import with_written_texts
from core.domain.text.profanity import masked, masked_transcript, unmasked_languages
from core.domain.time_ranges import merge_ranges
from core.errors import InputRejected
from core.ports.stores import Objects
from schemas.common import Segment, TimeRange, Value, Word
from schemas.documents.edit import EditList, PlacedSegment
from schemas.documents.frame_plan import FramePlan
from schemas.documents.transcript import Transcript
from schemas.events import Rendition
from schemas.options.caption_template import CaptionTemplate, template_named
from schemas.options.caption_template_overrides import overridden
from streams.renderer.branding.loader import LoadedBrand, pieces_after_intro, without_bumpers
from streams.renderer.caption_language import load_caption_tracks, with_clip_languages
from streams.renderer.caption_plan import min_frame_rate
from streams.renderer.inputs import RenderInputs
from streams.renderer.job import RenderJob

WORD_MARGIN_MS = 5_000
"""Margin around the played ranges whose words go into the job: edge cues may need their neighbours."""
NO_PROFANITY_LIST_WARNING = (
    "captions.mask: there is no list of coarse words for the language {}: nothing was hidden in it"
)


class PreparedJob(Value, frozen=True, kw_only=True):
    """A job, the transcript of the clip as its captions show it, and the warnings for its certificate."""

    job: RenderJob
    transcript: Transcript | None
    other_tracks: dict[str, Transcript]
    """The transcript in further languages, by language code."""
    warnings: list[str]


async def build_job(
    rendition: Rendition,
    plan: FramePlan,
    inputs: RenderInputs,
    *,
    objects: Objects,
    brand: LoadedBrand = LoadedBrand(),  # noqa: B008 - frozen
) -> PreparedJob:
    """Build the job that decides every pixel and sample of an export or a preview.

    Raises as `load_caption_tracks`; Rejected where a caption template is not in this release.
    """
    spoken_transcript, edit = inputs.stored_transcript.transcript, inputs.edit
    brand = without_bumpers(brand) if inputs.encoding.file.is_preview else brand
    min_rate = min_frame_rate(rendition.options.preset)
    played = pieces_after_intro(
        place_edit(edit) if edit else single_segment(plan.range), brand.assets, inputs.index, min_rate
    )
    times = merge_ranges(piece.source for piece in played)
    tracks = with_clip_languages(
        await load_caption_tracks(spoken_transcript, rendition.options.captions.language, objects), times
    )
    transcript = _with_requested_texts(tracks.shown, rendition, edit) if tracks.shown else None
    warnings = [*brand.warnings, *tracks.warnings]
    if rendition.mask_profanity and transcript:
        caption_tracks = (transcript, *tracks.others.values())
        unmasked = (language for track in caption_tracks for language in unmasked_languages(track))
        warnings += [NO_PROFANITY_LIST_WARNING.format(language) for language in dict.fromkeys(unmasked)]
    template = _pinned_template(rendition, played)
    job = RenderJob(
        plan=plan,
        index=inputs.index,
        pieces=played,
        words=select_words_near(transcript.words if transcript else [], *times),
        doubtful_ranges=select_doubtful_ranges(transcript.segments if transcript else [], *times),
        captions=rendition.captions,
        template=overridden(template, rendition.options.captions.overrides),
        language=transcript.language if transcript else None,
        encoding=inputs.encoding,
        options=rendition.options,
        brand=brand.assets,
        test=rendition.test,
        watermark=rendition.watermark,
        title=masked(inputs.title, spoken_transcript.language)
        if rendition.mask_profanity and spoken_transcript
        else inputs.title,
    )
    other_tracks = {
        language: _with_requested_texts(track, rendition, edit) for language, track in tracks.others.items()
    }
    return PreparedJob(job=job, transcript=transcript, other_tracks=other_tracks, warnings=warnings)


def _pinned_template(rendition: Rendition, played: Sequence[PlacedSegment]) -> CaptionTemplate:
    """Return the rendition's caption template in its pinned version.

    Raises InputRejected where this release lacks it, or lacks the template of a segment with a style of its own.
    """
    pinned = [(piece.style.template, piece.style.template_version) for piece in played if piece.style]
    for name, version in [*pinned, (rendition.template, rendition.template_version)]:
        try:
            template = template_named(name, version)
        except KeyError:
            detail = f"There is no version {version} of the caption template {name} here."
            raise InputRejected("captions.template", detail) from None
    return template


def _with_requested_texts(transcript: Transcript, rendition: Rendition, edit: EditList | None) -> Transcript:
    """The transcript with the edit's custom captions, and profanity masked where requested."""
    captioned = with_written_texts(transcript, edit.captions, place_edit(edit)) if edit else transcript
    return masked_transcript(captioned) if rendition.mask_profanity else captioned


def select_words_near(words: Sequence[Word], *times: TimeRange) -> list[Word]:
    """Words inside the played ranges, or within `WORD_MARGIN_MS` of one."""
    return [word for word in words if any(_is_near(word, time) for time in times)]


def _is_near(word: Word, time: TimeRange) -> bool:
    return time.start_ms - WORD_MARGIN_MS <= word.end_ms and word.start_ms <= time.end_ms + WORD_MARGIN_MS


def select_doubtful_ranges(segments: Sequence[Segment], *times: TimeRange) -> list[TimeRange]:
    """Time ranges of doubtful transcript segments that the clip plays."""
    doubtful = [
        TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms)
        for segment in segments
        if segment.trust == "doubtful"
    ]
    return [time_range for time_range in doubtful if any(time_range.overlap_ms(time) for time in times)]
