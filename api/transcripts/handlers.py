"""The transcript of a project as JSON, subtitles or plain text, and its moments."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.http.conditional import reply_unless_held
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, no_version
from api.projects.handlers import find_project
from core.domain.project_states import ACTIVE_PROJECT_STATES
from core.domain.subtitles.ass_ttml import ass, ttml
from core.domain.subtitles.cues import speaker_names, transcript_cues
from core.domain.subtitles.srt_vtt import srt, txt, vtt
from core.domain.text.profanity import masked_transcript
from core.domain.transcripts.translated_tracks import with_transcript_speakers
from core.infra.postgres.connection import Row
from core.storage.intelligence import read_moments
from core.storage.transcripts import newest_transcript_version, read_transcript
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.documents.moments import MomentList
from schemas.documents.transcript import Transcript

Format = Literal["json", "srt", "vtt", "ass", "ttml", "txt"]
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "ass": "text/x-ssa",
    "ttml": "application/ttml+xml",
    "txt": "text/plain",
}
RETRY_S = "5"


class ReadTranscript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Format of the transcript; without ``format`` the Accept header decides."""

    format: Format | None = None
    """Format of the answer; absent: by the Accept header."""
    version: Annotated[int, Meta(ge=1, le=2**31 - 1, description="An earlier version; without: the latest.")] | None = (
        None
    )
    mask: Annotated[bool, Meta(description="Hide coarse words behind stars; English alone, and not in JSON.")] = False
    track: Annotated[Literal["en"], Meta(description="The English track, if the project has one.")] | None = None


def choose_format(requested: Format | None, accept: str | None) -> Format:
    """Format of the answer; raises ``not-acceptable`` where Accept names no supported one."""
    if requested is not None:
        return requested
    accepted = [part.partition(";")[0].strip().lower() for part in (accept or "*/*").split(",")]
    for media_type in accepted:
        if media_type in ("*/*", "application/*"):
            return "json"
        for name, ours in MEDIA_TYPES.items():
            if media_type in (ours, "text/srt" if name == "srt" else ours):
                return name
        if media_type == "text/*":
            return "txt"
    raise ApiProblem("not-acceptable", f"The transcript comes as {', '.join(MEDIA_TYPES.values())}.")


def write_transcript(transcript: Transcript, format_: Format) -> str:
    """The transcript in one of the text formats."""
    if format_ == "txt":
        return txt(transcript.segments, names=speaker_names(transcript))
    cues = transcript_cues(transcript, labelled=format_ == "srt")
    if format_ == "ttml":
        return ttml(cues, transcript.language)
    return {"srt": srt, "vtt": vtt, "ass": ass}[format_](cues)


def not_ready(part: str, project: Row) -> ApiProblem:
    """A 404 for a part that this project does not have, or not yet."""
    if project["state"] in ACTIVE_PROJECT_STATES:
        return ApiProblem("not-ready", f"The {part} is not there yet.", headers={"Retry-After": RETRY_S})
    return ApiProblem("not-found", f"This project ended without {part}.")


def etag_of(ref: ObjectRef, *parts: str) -> str:
    """ETag of one version in one form: a format (of a track, masked), or its speakers alone."""
    return f'"{"-".join((ref.sha256[:32], *parts))}"'


def names_version(etag: str, ref: ObjectRef) -> bool:
    """Whether a tag names this version, in any form."""
    return etag.startswith(f'"{ref.sha256[:32]}-')


async def find_transcript(call: Call[Any, Any], version: int | None) -> ObjectRef:
    """The object of one version, or of the newest; raises ApiProblem where the project has none."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        stored = await read_transcript(rows, call.org_id, project["project_id"], version)
        newest = stored or await newest_transcript_version(rows, call.org_id, project["project_id"])
    if stored is None and version is not None and newest:
        raise no_version(version, "this transcript")
    if stored is None:
        raise not_ready("transcript", project)
    return stored.object


async def get_transcript(call: Call[None, ReadTranscript]) -> Reply:
    """Read words with their times and probabilities, or subtitles, or text."""
    format_ = choose_format(call.query.format, call.request.headers.get("accept"))
    ref = await find_transcript(call, call.query.version)
    track = call.query.track
    masked = call.query.mask and format_ != "json"
    etag = etag_of(ref, *([track] if track else []), format_, *(["masked"] if masked else []))
    return await reply_unless_held(call.request, etag, partial(_transcript_reply, call, ref, format_), vary="Accept")


async def _transcript_reply(call: Call[None, ReadTranscript], ref: ObjectRef, format_: Format) -> Reply:
    track = call.query.track
    body = await call.context.documents.get(ref)
    if track is not None:
        body = await _read_track(call, msgspec.json.decode(body, type=Transcript), track)
    if format_ == "json":
        return Reply(body=body)
    transcript = msgspec.json.decode(body, type=Transcript)
    text = write_transcript(masked_transcript(transcript) if call.query.mask else transcript, format_)
    name = f"transcript-{call.ids['project_id']}" + (f".{track}" if track else "") + f".{format_}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Reply(body=text.encode(), headers=headers, media_type=f"{MEDIA_TYPES[format_]}; charset=utf-8")


async def _read_track(call: Call[None, ReadTranscript], transcript: Transcript, track: str) -> bytes:
    """The stored track with the transcript's speakers; raises ``not-found`` where it does not exist."""
    ref = transcript.tracks.get(track)
    if ref is None:
        detail = f"This project has no track `{track}`: ask for it with `translate` in the options of a project."
        raise ApiProblem("not-found", detail)
    stored = msgspec.json.decode(await call.context.documents.get(ref), type=Transcript)
    return encode_document(with_transcript_speakers(stored, transcript))


async def get_moments(call: Call[None, None]) -> Reply:
    """Read every candidate with the evidence of each of its signals."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        ref = await read_moments(rows, call.org_id, project["project_id"])
    if ref is None:
        raise not_ready("moments", project)

    async def read() -> Reply:
        return Reply(body=await call.context.documents.get(ref))

    return await reply_unless_held(call.request, f'"{ref.sha256[:32]}"', read)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/transcript",
        name="getTranscript",
        tag="projects",
        permission="projects:read",
        summary="Read the transcript as JSON, SRT, VTT or text",
        handler=get_transcript,
        query=ReadTranscript,
        response=Transcript,
        media_types=tuple(MEDIA_TYPES.values()),
        problems=("not-ready", "not-acceptable", "project-erased"),
        also={"304": ()},
    ),
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/moments",
        name="listMoments",
        tag="projects",
        permission="projects:read",
        summary="Read every candidate moment with its evidence",
        handler=get_moments,
        response=MomentList,
        also={"304": ()},
        problems=("not-ready", "project-erased"),
    ),
)
