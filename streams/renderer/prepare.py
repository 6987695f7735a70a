"""What was asked of an export, or of a preview of it, as the child is told it. Reads tracks; starts nothing."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.editing.clock import pieces, whole
from core.domain.editing.output_words import retold
from core.domain.text.profanity import masked, masked_transcript, unmasked_languages
from core.domain.time_ranges import merge_ranges
from core.errors import Rejected
from core.ports.stores import Objects
from schemas.common import Segment, TimeRange, Value, Word
from schemas.documents.edit import EditList, Piece
from schemas.documents.frame_plan import FramePlan
from schemas.documents.transcript import Transcript
from schemas.events import Rendition
from schemas.options.caption_template import CaptionTemplate, template_named
from schemas.options.caption_template_overrides import overridden
from streams.renderer.branding.loader import Dressed, after_intro, clip_only
from streams.renderer.caption_language import in_clip, in_tongues
from streams.renderer.caption_plan import least_rate
from streams.renderer.inputs import Shared
from streams.renderer.job import RenderTask

NEARBY_MS = 5_000
NO_LIST = "captions.mask: there is no list of coarse words for the language {}: nothing was hidden in it"


class Prepared(Value, frozen=True, kw_only=True):
    """What the child is told, what is said in the clip, and what is to be warned of."""

    task: RenderTask
    said: Transcript | None
    others: dict[str, Transcript]
    """The same in further languages."""
    warnings: list[str]


async def task_of(
    rendition: Rendition,
    plan: FramePlan,
    shared: Shared,
    *,
    objects: Objects,
    dressed: Dressed = Dressed(),  # noqa: B008 - frozen
) -> Prepared:
    """Everything that decides what is shown; the same for an export and for a preview of it. Raises as `in_tongues`."""
    transcript, edit = shared.words.transcript, shared.edit
    dressed = clip_only(dressed) if shared.encoding.file.is_preview else dressed
    least = least_rate(rendition.options.preset)
    played = after_intro(pieces(edit) if edit else whole(plan.range), dressed.dress, shared.index, least)
    times = merge_ranges(piece.source for piece in played)
    tongues = in_clip(await in_tongues(transcript, rendition.options.captions.language, objects), times)
    said = _as_asked(tongues.said, rendition, edit) if tongues.said else None
    warnings = [*dressed.warnings, *tongues.warnings]
    if rendition.mask_profanity and said:
        open_ = (language for track in (said, *tongues.others.values()) for language in unmasked_languages(track))
        warnings += [NO_LIST.format(language) for language in dict.fromkeys(open_)]
    template = _template(rendition, played)
    task = RenderTask(
        plan=plan,
        index=shared.index,
        pieces=played,
        words=words_near(said.words if said else [], *times),
        doubtful=doubtful_near(said.segments if said else [], *times),
        captions=rendition.captions,
        template=overridden(template, rendition.options.captions.overrides),
        language=said.language if said else None,
        encoding=shared.encoding,
        options=rendition.options,
        brand=dressed.dress,
        title=masked(shared.title, transcript.language) if rendition.mask_profanity and transcript else shared.title,
    )
    others = {language: _as_asked(track, rendition, edit) for language, track in tongues.others.items()}
    return Prepared(task=task, said=said, others=others, warnings=warnings)


def _template(rendition: Rendition, played: Sequence[Piece]) -> CaptionTemplate:
    """The one that was asked for, as it was then. Raises Rejected where it, or a segment's, is not in this release."""
    wanted = [(piece.style.template, piece.style.template_version) for piece in played if piece.style]
    for name, version in [*wanted, (rendition.template, rendition.template_version)]:
        try:
            found = template_named(name, version)
        except KeyError:
            told = f"There is no version {version} of the caption template {name} here."
            raise Rejected("captions.template", told) from None
    return found


def _as_asked(said: Transcript, rendition: Rendition, edit: EditList | None) -> Transcript:
    """With a person's own texts, and coarse words hidden where that is asked for."""
    told = retold(said, edit.captions, pieces(edit)) if edit else said
    return masked_transcript(told) if rendition.mask_profanity else told


def words_near(words: Sequence[Word], *times: TimeRange) -> list[Word]:
    """The words that the clip, played from these times, and its edges may need."""
    return [word for word in words if any(_is_near(word, time) for time in times)]


def _is_near(word: Word, time: TimeRange) -> bool:
    return time.start_ms - NEARBY_MS <= word.end_ms and word.start_ms <= time.end_ms + NEARBY_MS


def doubtful_near(segments: Sequence[Segment], *times: TimeRange) -> list[TimeRange]:
    """Where the clip's words are not trusted."""
    marked = [TimeRange(start_ms=one.start_ms, end_ms=one.end_ms) for one in segments if one.trust == "doubtful"]
    return [one for one in marked if any(one.overlap_ms(time) for time in times)]
