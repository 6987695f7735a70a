"""The timeline of a project: shots, faces, screens, speech and sounds, as it is drawn."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

import msgspec

from api.http.conditional import reply_unless_held
from api.http.operations import Call, Operation, Reply
from api.projects.handlers import find_project
from api.transcripts.handlers import not_ready
from core.domain.media.timeline import (
    TimelineFaces,
    TimelineShot,
    TimelineSound,
    TimelineSpeech,
    list_faces,
    list_screens,
    list_shots,
    list_sounds,
    list_speech,
)
from core.domain.project_states import ACTIVE_PROJECT_STATES
from core.infra.postgres.connection import Row
from core.storage.spans import SpanDocuments, list_span_documents
from core.storage.transcripts import read_transcript
from schemas.common import ObjectRef, TimeRange
from schemas.documents.acoustics import Sounds
from schemas.documents.diarization import Diarization
from schemas.documents.span import SeenSpan


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """What a timeline draws. A list is null where its part is not there: not yet, or never."""

    project_id: UUID
    duration_ms: int
    complete: bool
    """Whether all is there that this project will have; else ask again."""
    shots: list[TimelineShot] | None
    """Shots, one behind the other; null without pictures."""
    faces: list[TimelineFaces] | None
    """Ranges with faces, from pictures a second to five apart; null without pictures."""
    screens: list[TimeRange] | None
    """Ranges that show a screen or a slide; null without pictures."""
    speech: list[TimelineSpeech] | None
    """Turns of speakers; null without sound."""
    sounds: list[TimelineSound] | None
    """What is heard besides speech; null without sound."""


class _HeardParts(msgspec.Struct, frozen=True):
    """The parts of a transcript that are read here."""

    speech: list[TimeRange] = []
    diarization: Diarization | None = None
    sounds: ObjectRef | None = None


async def get_timeline(call: Call[None, None]) -> Reply:
    """Read everything that a timeline draws, as far as it is known."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, project_id)
        spans = await list_span_documents(rows, call.org_id, project_id)
        transcript = await read_transcript(rows, call.org_id, project_id)
    transcript_ref = transcript.object if transcript is not None else None
    seen_refs = [span.seen for span in spans if span.seen is not None]
    if project["duration_ms"] is None or (transcript_ref is None and not seen_refs):
        raise not_ready("timeline", project)
    complete = project["state"] not in ACTIVE_PROJECT_STATES or (transcript_ref is not None and _are_all_seen(spans))
    names = [*(ref.sha256 for ref in seen_refs), transcript_ref.sha256 if transcript_ref else "", str(complete)]
    etag = f'"{hashlib.sha256(" ".join(names).encode()).hexdigest()[:32]}"'

    async def read() -> Reply:
        return Reply(body=await _read_timeline(call, project, seen_refs, transcript_ref, complete=complete))

    return await reply_unless_held(call.request, etag, read)


def _are_all_seen(spans: list[SpanDocuments]) -> bool:
    return all(span.seen is not None for span in spans)


async def _read_timeline(
    call: Call[None, None],
    project: Row,
    seen_refs: list[ObjectRef],
    transcript_ref: ObjectRef | None,
    *,
    complete: bool,
) -> Timeline:
    get, duration_ms = call.context.documents.get, project["duration_ms"]
    bodies = await asyncio.gather(*(get(ref) for ref in seen_refs))
    spans = await asyncio.to_thread(lambda: [msgspec.json.decode(body, type=SeenSpan) for body in bodies])
    has_pictures = project["width_px"] is not None and bool(spans)
    parts = (
        msgspec.json.decode(await get(transcript_ref), type=_HeardParts)
        if transcript_ref is not None
        else _HeardParts()
    )
    sounds = msgspec.json.decode(await get(parts.sounds), type=Sounds) if parts.sounds is not None else None
    return Timeline(
        project_id=project["project_id"],
        duration_ms=duration_ms,
        complete=complete,
        shots=list_shots(spans, duration_ms) if has_pictures else None,
        faces=list_faces(spans, duration_ms) if has_pictures else None,
        screens=list_screens(spans, duration_ms) if has_pictures else None,
        speech=list_speech(parts.speech, parts.diarization) if transcript_ref is not None else None,
        sounds=list_sounds(sounds.events) if sounds is not None else None,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/timeline",
        name="getTimeline",
        tag="projects",
        permission="projects:read",
        summary="Read what a timeline draws: shots, faces, screens, speech, sounds",
        handler=get_timeline,
        response=Timeline,
        also={"304": ()},
        problems=("not-ready", "project-erased"),
        description="While a project is at work it grows part by part. Curves of loudness are in `getSounds`, "
        "chapters in `getIntelligence`, moments in `listMoments`.",
    ),
)
"""The operation of timelines."""
