"""A clip's edit as a file for editing programs: OpenTimelineIO, FCPXML, CMX 3600, Final Cut Pro 7 XML."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from api.clips.handlers import find_clip
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, invalid, no_version
from core.domain.editing.clock import place_edit
from core.domain.editing.interchange import (
    RATES,
    Format,
    Handover,
    InterchangeFile,
    Media,
    RateName,
    SourceFacts,
    cuts_of,
    marks_of,
    picture_count,
    pictures_of,
    sequence_rate,
    told_rate,
)
from core.domain.editing.output_words import cues_out, with_written_texts
from core.infra.interchange import MEDIA_TYPES, SUFFIXES, write
from core.infra.interchange.naming import base_name
from core.storage.clips import newest_edit_version, read_edit
from core.storage.projects import SourceName, read_source_name
from core.storage.transcripts import read_transcript
from schemas.common import ObjectRef, Version
from schemas.documents.edit import EditList
from schemas.documents.transcript import Transcript

# `$` would let a line end pass; this end is one in JSON Schema's dialect too
MediaName = Annotated[
    str,
    Meta(
        pattern=r'^[^\x00-\x1f\x7f-\x9f\u2028\u2029<>"|?*\\]{1,300}(?![\s\S])',
        description='a name, a path or a file URL of at most 300 characters, none of them <>"|?* or a backslash',
    ),
]
ReelName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{1,32}(?![\s\S])", description="1 to 32 letters, digits or _")]
TimeCode = Annotated[str, Meta(pattern=r"^[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{2}(?![\s\S])", description="01:00:00:00")]
UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029<>"|?*\\:/]')
MAX_REEL_CHARS = 8
"""More than old programs read."""
WARNINGS_HEADER = "Clipstream-Warnings"
MAX_HEADER_CHARS = 3_000
"""Proxies take heads of 4 to 8 KiB: of two hundred segments each with a level of its own, not all are named."""
IRREGULAR = "rate: the source keeps no rate that editing programs have; pictures are counted at {:.5g} a second"
UNFRAMED = "crops: what of the picture the clip shows is not handed over: the whole picture of the source is"
UNSTYLED = "style: how the captions of a segment look is not handed over: their words are"


class HandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The format, and the media's name in the editing program."""

    format: Format = "otio"
    """Format of the editing program."""
    version: Version | None = None
    """Version of the edit; without it the newest."""
    transcript_version: Version | None = None
    """Version of the transcript for the captions; without it the newest."""
    media: MediaName | None = None
    """File name, path or file URL of the source there; without it the name that it was uploaded with."""
    reel: ReelName | None = None
    """Name of the source in edit lists; without it, made of its name."""
    start: TimeCode | None = None
    """Time code of the source's first picture (non-drop-frame); without it 00:00:00:00."""
    rate: RateName | None = None
    """Pictures a second of the sequence; without it, the source's."""


class HandOverRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that a hand-over is made of."""

    clip: Any
    edit: EditList
    facts: SourceFacts
    transcript: Transcript | None
    media: str


async def hand_over(call: Call[None, HandOver]) -> Reply:
    """The edit as a file; a header lists what that format cannot hold, as sentences in JSON."""
    inputs = await _read(call)
    handover, warnings = await asyncio.to_thread(_handover, call.query, inputs)
    file = await asyncio.to_thread(write, handover, call.query.format)
    return _answer(call.query.format, inputs, msgspec.structs.replace(file, warnings=warnings + file.warnings))


def _answer(format_: Format, inputs: HandOverRows, file: InterchangeFile) -> Reply:
    name = f"clip-{inputs.clip['ordinal'] + 1:02d}-edit-{inputs.edit.version}{SUFFIXES[format_]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    if file.warnings:
        headers[WARNINGS_HEADER] = encode_warnings(file.warnings)
    return Reply(body=file.text.encode(), headers=headers, media_type=f"{MEDIA_TYPES[format_]}; charset=utf-8")


def encode_warnings(warnings: Sequence[str]) -> str:
    """The sentences as JSON; beyond the limit of the header the rest are counted."""
    lengths = accumulate(len(json.dumps(sentence)) + 2 for sentence in warnings)
    fitting = sum(length <= MAX_HEADER_CHARS for length in lengths)
    more = [f"and {len(warnings) - fitting} more like these"] if fitting < len(warnings) else []
    return json.dumps([*warnings[:fitting], *more])


async def _read(call: Call[None, HandOver]) -> HandOverRows:
    query = call.query
    async with call.rows() as rows:
        clip = await find_clip(rows, call.org_id, call.ids["clip_id"])
        version = query.version or await newest_edit_version(rows, call.org_id, clip["clip_id"])
        edit = await read_edit(rows, clip, version)
        source = await read_source_name(rows, call.org_id, clip["project_id"])
        transcript = await read_transcript(rows, call.org_id, clip["project_id"], query.transcript_version)
    if edit is None:
        raise no_version(query.version, "this clip's edit")
    if transcript is None and query.transcript_version is not None:
        raise no_version(query.transcript_version, "the transcript")
    if source is None or source.index is None:
        raise ApiProblem("not-ready", "The source is not taken in yet.")
    return HandOverRows(
        clip=clip,
        edit=edit,
        facts=await _document(call, source.index, msgspec.msgpack.Decoder(SourceFacts)),
        transcript=await _document(call, transcript.object, msgspec.json.Decoder(Transcript)) if transcript else None,
        media=query.media or _safe_name(source),
    )


async def _document(call: Call[None, HandOver], ref: ObjectRef, form: Any) -> Any:
    body = await call.context.documents.get(ref)
    return await asyncio.to_thread(form.decode, body)


def _safe_name(source: SourceName) -> str:
    """The owner's name of the file, without characters that file names cannot have."""
    path = source.filename or unquote(urlsplit(source.url or "").path)
    return UNSAFE.sub("_", base_name(path))[-200:].strip() or "source.mp4"


def _handover(query: HandOver, inputs: HandOverRows) -> tuple[Handover, list[str]]:
    video = inputs.facts.video
    if video is None:
        raise ApiProblem("not-ready", "The source has no pictures to cut.")
    rate, regular = sequence_rate(told_rate(video))
    rate = RATES[query.rate] if query.rate else rate
    cuts = cuts_of(place_edit(inputs.edit), inputs.facts, rate)
    count = cuts[-1].record + cuts[-1].count
    sound, language = inputs.facts.audio, inputs.transcript.language if inputs.transcript else None
    media = Media(
        name=inputs.media,
        reel=query.reel or make_reel_name(inputs.media),
        first=_first(query.start, rate),
        count=max(picture_count(inputs.facts, rate), *(cut.source + cut.source_count for cut in cuts)),
        width_px=video.display_width,
        height_px=video.display_height,
        channels=sound.channels if sound else 0,
        sample_rate_hz=sound.sample_rate_hz if sound else 0,
    )
    handover = Handover(
        name=inputs.clip["title"] or f"clip {inputs.clip['ordinal'] + 1}",
        rate=rate,
        media=media,
        cuts=cuts,
        marks=marks_of(_cues(inputs), rate, count),
        language=language or "en",
        about={"clip_id": str(inputs.clip["clip_id"]), "edit_version": str(inputs.edit.version)},
    )
    warnings = [] if regular or query.rate else [IRREGULAR.format(float(rate))]
    styled = any(segment.style for segment in inputs.edit.segments)
    return handover, warnings + ([UNFRAMED] if inputs.edit.crops else []) + ([UNSTYLED] if styled else [])


def _cues(inputs: HandOverRows) -> Any:
    if inputs.transcript is None:
        return []
    played = place_edit(inputs.edit)
    return cues_out(with_written_texts(inputs.transcript, inputs.edit.captions, played), played)


def _first(start: str | None, rate: Fraction) -> int:
    try:
        return pictures_of(start, rate) if start else 0
    except ValueError as error:
        raise invalid("?start", f"It must be a time code: {error}.") from None


def make_reel_name(media: str) -> str:
    """A reel name for edit lists, of the letters and digits of the file's name."""
    stem = base_name(media).rpartition(".")[0] or base_name(media)
    return re.sub("[^A-Z0-9]", "", stem.upper())[:MAX_REEL_CHARS] or "SOURCE"


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/clips/{clip_id}/edit/handover",
        name="handOverClip",
        tag="clips",
        permission="projects:read",
        summary="Take a clip's edit to an editing program",
        handler=hand_over,
        query=HandOver,
        media_types=tuple(dict.fromkeys(MEDIA_TYPES.values())),
        problems=("not-ready",),
        description=(
            f"What the format cannot hold is named in the header `{WARNINGS_HEADER}`, a list of sentences in JSON."
        ),
    ),
)
