"""Sounds of a project: curves thinned to what a caller can draw, and events."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from api.http.conditional import reply_unless_held
from api.http.operations import Call, Operation, Reply
from api.projects.handlers import find_project
from api.transcripts.handlers import not_ready
from core.storage.transcripts import read_transcript
from schemas.common import ObjectRef
from schemas.documents.acoustics import Curve, SoundKind, Sounds


class ReadSounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resolution of the curves (at most ``points`` values each). ``kind``: only events of this kind."""

    points: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 600
    """Maximum number of values of each curve."""
    kind: SoundKind | None = None
    """Only events of this kind."""


class _SoundsReference(msgspec.Struct, frozen=True):
    """The part of a transcript that is read here."""

    sounds: ObjectRef | None = None


def thin_curve(curve: Curve, points: int) -> Curve:
    """A curve of at most ``points`` values: means of the known values, None where none is known."""
    factor = -(-len(curve.values) // points)
    if factor <= 1:
        return curve
    values = np.array([np.nan if value is None else value for value in curve.values])
    rows = np.pad(values, (0, -len(values) % factor), constant_values=np.nan).reshape(-1, factor)
    is_known = ~np.isnan(rows)
    count = is_known.sum(axis=1)
    mean = np.where(is_known, rows, 0.0).sum(axis=1) / np.maximum(count, 1)
    return Curve(
        step_ms=curve.step_ms * factor,
        unit=curve.unit,
        values=[round(float(value), 3) if some else None for value, some in zip(mean, count, strict=True)],
    )


def thin_sounds(sounds: Sounds, query: ReadSounds) -> Sounds:
    """The document in the requested resolution."""
    curves = {name: thin_curve(getattr(sounds, name), query.points) for name in CURVES}
    events = [event for event in sounds.events if query.kind in (None, event.kind)]
    return msgspec.structs.replace(sounds, events=events, **curves)


CURVES = ("loudness", "pitch", "arousal", "speech_rate", "music")


async def get_sounds(call: Call[None, ReadSounds]) -> Reply:
    """Read curves (loudness, pitch, arousal, speech rate, music) and events (speech, pauses, music)."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        transcript = await read_transcript(rows, call.org_id, project["project_id"])
    get = call.context.documents.get
    ref = None
    if transcript is not None:
        ref = msgspec.json.decode(await get(transcript.object), type=_SoundsReference).sounds
    if ref is None:
        raise not_ready("sounds", project)
    etag = f'"{ref.sha256[:32]}-{call.query.points}-{call.query.kind or ""}"'

    async def read() -> Reply:
        return Reply(body=thin_sounds(msgspec.json.decode(await get(ref), type=Sounds), call.query))

    return await reply_unless_held(call.request, etag, read)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/sounds",
        name="getSounds",
        tag="projects",
        permission="projects:read",
        summary="Read what is heard besides words: curves and events",
        handler=get_sounds,
        query=ReadSounds,
        response=Sounds,
        also={"304": ()},
        problems=("not-ready", "project-erased"),
    ),
)
