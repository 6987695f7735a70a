"""Speakers of a project: read them, and correct them (name, merge, split) in a new version."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.conditional import reply_unless_held
from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.transcripts.handlers import etag_of, find_transcript
from api.transcripts.revisions import PreparedRevision, Revision, prepare_revision, write_revision
from core.domain.transcripts.speaker_corrections import correct_speakers
from core.domain.transcripts.speaker_operations import SpeakerChange, SpeakerEdit
from core.domain.transcripts.speaker_turns import word_counts, words_in
from schemas.common import TimeRange
from schemas.documents.diarization import SelfIntroduction, Speaker
from schemas.documents.transcript import Transcript


class ReadSpeakers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Version of the transcript."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1, description="An earlier version; without: the latest.")] | None = (
        None
    )


class ProjectSpeaker(msgspec.Struct, frozen=True, kw_only=True):
    """One voice. ``label`` is its name in subtitles: the name, or the id of a voice without one."""

    id: str
    """`S1`, `S2` … in order of appearance."""
    label: str
    """Name in subtitles: the name, or else the id."""
    name: str | None
    named_by: Literal["self", "person"] | None
    """How the name is known."""
    evidence: SelfIntroduction | None
    """The words by which they gave themselves the name."""
    confidence: float | None
    """Share of what is heard of it that is clearly nearer to it than to others, 0..1; None where that says nothing."""
    speech_ms: int
    turns: int
    """Number of turns."""
    word_count: int


class SpokenTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of one speaker and its words: ``words[first_word:end_word]`` of the transcript."""

    start_ms: int
    end_ms: int
    speaker: str
    first_word: int
    end_word: int


class ProjectSpeakers(msgspec.Struct, frozen=True, kw_only=True):
    """Speakers and their turns. Empty where no voices were distinguished; the project's warnings say so."""

    project_id: UUID
    version: int
    """Version of the transcript."""
    speakers: list[ProjectSpeaker]
    turns: list[SpokenTurn]
    """Turns in order of time."""
    overlaps: list[TimeRange]
    """Time ranges that sound like two of the speakers: both at once, or one right after the other."""
    model: str | None


class CorrectSpeakers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to the version that was read, in order; refused where a newer version exists."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    """Version of the transcript that was read."""
    edits: Annotated[list[SpeakerEdit], Meta(min_length=1, max_length=100)]
    note: Annotated[str, Meta(max_length=500)] = ""


class CorrectedSpeakers(msgspec.Struct, frozen=True, kw_only=True):
    """The new version, what each edit changed, and the speakers now."""

    project_id: UUID
    version: int
    """Number of the new version."""
    changes: list[SpeakerChange]
    """Changes by each edit."""
    speakers: list[ProjectSpeaker]


async def get_speakers(call: Call[None, ReadSpeakers]) -> Reply:
    """Read speakers, their turns with their words, and overlaps."""
    ref = await find_transcript(call, call.query.version)

    async def read() -> Reply:
        transcript = msgspec.json.decode(await call.context.documents.get(ref), type=Transcript)
        return Reply(body=_speakers_view(call.ids["project_id"], transcript))

    return await reply_unless_held(call.request, etag_of(ref, "speakers"), read)


def _speakers_view(project_id: UUID, transcript: Transcript) -> ProjectSpeakers:
    diarization = transcript.diarization
    turns = diarization.turns if diarization else []
    places = words_in(turns, transcript.words)
    return ProjectSpeakers(
        project_id=project_id,
        version=transcript.version,
        speakers=_speaker_views(transcript),
        turns=[
            SpokenTurn(start_ms=turn.start_ms, end_ms=turn.end_ms, speaker=turn.speaker, first_word=first, end_word=end)
            for turn, (first, end) in zip(turns, places, strict=True)
        ],
        overlaps=diarization.overlaps if diarization else [],
        model=diarization.model if diarization else None,
    )


def _speaker_views(transcript: Transcript) -> list[ProjectSpeaker]:
    counts = word_counts(transcript.words)
    speakers = transcript.diarization.speakers if transcript.diarization else []
    return [_speaker_view(speaker, counts[speaker.id]) for speaker in speakers]


def _speaker_view(speaker: Speaker, word_count: int) -> ProjectSpeaker:
    return ProjectSpeaker(
        id=speaker.id,
        label=speaker.name or speaker.id,
        name=speaker.name,
        named_by=speaker.named_by or ("self" if speaker.evidence else None),
        evidence=speaker.evidence,
        confidence=speaker.confidence,
        speech_ms=speaker.speech_ms,
        turns=speaker.turns,
        word_count=word_count,
    )


async def prepare_speakers(call: Call[CorrectSpeakers, None]) -> PreparedRevision:
    """Change the speakers, and store the new version."""
    return await prepare_revision(call, _apply_edits)


async def commit_speakers(call: Call[CorrectSpeakers, None], prepared: PreparedRevision) -> Reply:
    """Write a version with other speakers; subtitles, search and every export asked for after it follow."""
    await write_revision(call, prepared)
    revision = prepared.revision
    corrected = CorrectedSpeakers(
        project_id=call.ids["project_id"],
        version=revision.transcript.version,
        changes=revision.speaker_changes,
        speakers=_speaker_views(revision.transcript),
    )
    return Reply(body=corrected, headers={"ETag": etag_of(prepared.object, "speakers")})


def _apply_edits(transcript: Transcript, request: CorrectSpeakers) -> Revision:
    after, changes = correct_speakers(transcript, request.edits, request.version + 1)
    return Revision(transcript=after, speaker_changes=changes)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/speakers",
        name="listSpeakers",
        tag="projects",
        permission="projects:read",
        summary="Read who speaks, when, and which words",
        handler=get_speakers,
        query=ReadSpeakers,
        response=ProjectSpeakers,
        also={"304": ()},
        problems=("not-ready", "project-erased"),
    ),
    Operation(
        method="PATCH",
        path="/v1/projects/{project_id}/speakers",
        name="correctSpeakers",
        tag="projects",
        permission="projects:write",
        summary="Name speakers, merge two, or give what one says to another",
        handler=TwoPhaseHandler(prepare=prepare_speakers, commit=commit_speakers),
        request=CorrectSpeakers,
        response=CorrectedSpeakers,
        problems=("not-ready", "project-erased", "transcript-changed", "limit-reached"),
    ),
)
