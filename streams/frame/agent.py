"""ClipSelected, ExportRequested → RenderRequested; PreviewRequested → PreviewPlanned.

Analyses every frame of the clip once, for all aspects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from core.errors import InputRejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.progress import Steps
from core.services import project_lifecycle
from core.services.export_groups import split_exports
from core.services.exports import fail_export, find_pinned_transcript
from core.services.previews import fail_preview, plan_preview
from core.storage.clips import ClipMedia, read_media_to_frame, write_crop_suggestions, write_tracks
from schemas import events
from schemas.common import Aspect, ObjectRef, TimeRange, Value
from schemas.documents import encode_document
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.edit import CropKey
from schemas.documents.source import SourceIndex
from schemas.ids import result_id
from streams.frame.analysis.analysis_merge import merge_tracks, missing_ranges, ranges_touch
from streams.frame.analysis.pipeline import analyse_clip
from streams.frame.aspects import plan_aspects, suggest_or_none
from streams.frame.edit_ranges import analysis_ranges
from streams.frame.speaker.face_landmarks import with_speaking_turns
from streams.frame.speaker.stored_voices import HeardSpanRef, read_heard_spans, read_speech, read_voices
from streams.frame.store import StoredPlans, store_plans
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work
from streams.vision.analysis_input import AnalysisInput

Request = events.ClipSelected | events.ExportRequested | events.PreviewRequested


class FrameInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What frame reads of a clip."""

    media: ClipMedia
    transcript: ObjectRef | None
    heard: list[HeardSpanRef]


class AnalysisResult(msgspec.Struct, frozen=True, kw_only=True):
    """The analysis of a range, what it cost, and its warnings."""

    tracks: ClipTracks
    cpu_ms: int
    warnings: list[str]


class ClipAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """The analysis of all ranges that an export plays, in order.

    ``tracks``: of the clip, for its next export.
    """

    tracks: ClipTracks
    looked: list[tuple[TimeRange, AnalysisResult]]


class FrameStage:
    """Decides what part of the frame each export shows."""

    name: events.Stage = "frame"

    def __init__(self, context: StageContext) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept clips, export requests, and previews without a plan."""
        return isinstance(event, Request)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Analyse what is missing, then plan the crops."""
        assert isinstance(event, Request)
        context = self._context
        known = await self._read(event)
        index = await context.index(known.media.index)
        if index.video is None:
            raise InputRejected("clip.no_video", "There are no pictures in this file to make a clip of.")
        seen = await self._look(event, known, index, work)
        asked = requests_by_aspect(event)
        looks = [(stretch, one.tracks) for stretch, one in seen.looked]
        shapes = plan_aspects(looks, [one.rendition.aspect for one in asked], known.media.edit, index)
        keys = await suggest_or_none(looks, index) if work.cpu_ms else None  # only if something new was analysed
        prefix = prefix_of(event, "frame", result_id(work.cause.input_id, "frame"))
        stored = StoredPlans(
            tracks=await self._put(prefix, seen.tracks),
            plans={aspect: await self._put(prefix, one) for aspect, one in shapes.plans.items()},
            broken=shapes.broken,
            edit=await self._put(prefix, known.media.edit) if known.media.edit else None,
            source=known.media.source,
            index=known.media.index,
        )

        async def commit(connection: Connection) -> None:
            await _write_plans(connection, asked, stored, work)
            if keys is not None:
                await _write_suggestions(connection, event, keys)
            for sentence in dict.fromkeys(sentence for _, one in seen.looked for sentence in one.warnings):
                await project_lifecycle.add_warning(connection, event.org_id, event.project_id, sentence)

        return commit

    async def _put(self, prefix: str, document: Value) -> ObjectRef:
        return await self._context.objects.put(prefix, encode_document(document), "application/json", ".json")

    async def _look(self, event: Request, known: FrameInputs, index: SourceIndex, work: Work) -> ClipAnalysis:
        """Analyse every range that is played; one far from the clip's analysis gets its own."""
        context = self._context
        ranges = [one.range for one in known.media.edit.segments] if known.media.edit else [event.rendition.range]
        own, steps, looked = None, Steps(work.report), list[tuple[TimeRange, AnalysisResult]]()
        if known.media.tracks:
            own = msgspec.json.decode(await context.objects.get(known.media.tracks), type=ClipTracks)
        for stretch in analysis_ranges(ranges):
            near = own is None or ranges_touch(own.range, stretch)
            with context.scratch() as scratch:
                one = await self._tracks(event, known, index, steps, scratch, own if near else None, stretch)
            looked.append((stretch, one))
            own = one.tracks if near else own
        assert own is not None
        work.cpu_ms = sum(one.cpu_ms for _, one in looked)
        return ClipAnalysis(tracks=own, looked=looked)

    async def _read(self, event: Request) -> FrameInputs:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            media = await read_media_to_frame(
                connection,
                event.org_id,
                event.clip_id,
                export_id=_output_id(event),
                edit_version=event.edit_version if isinstance(event, events.PreviewRequested) else 1,
            )
            version = event.rendition.transcript_version
            transcript = await find_pinned_transcript(connection, event.org_id, event.project_id, version)
            heard = await read_heard_spans(connection, event.org_id, event.project_id)
        if media is None:
            raise InputRejected("clip.unknown", f"There is no clip {event.clip_id}.")
        return FrameInputs(media=media, transcript=transcript, heard=heard)

    async def _tracks(
        self,
        event: Request,
        known: FrameInputs,
        index: SourceIndex,
        steps: Steps,
        scratch: Path,
        tracks: ClipTracks | None,
        time: TimeRange,
    ) -> AnalysisResult:
        """Return all tracks of a range, and the cost of the part that ``tracks`` lacks."""
        context = self._context
        unseen: list[TimeRange] = missing_ranges(tracks, time) if tracks else [time]
        cpu_ms, warnings = 0, list[str]()
        speech = await read_speech(context.objects, known.transcript) if unseen else None
        voices = await read_voices(context.objects, known.heard, _hull_range(time, tracks)) if unseen else None
        for stretch in unseen:
            async with context.cache.open(known.media.source.key, known.media.source.size) as source:
                inputs = AnalysisInput(
                    index=index,
                    source=source,
                    faces=context.faces,
                    landmarks=context.landmarks,
                    scratch=scratch,
                    report=steps.part(),
                    warn=warnings.append,
                )
                fresh = await analyse_clip(str(event.clip_id), stretch, inputs, speech=speech, voices=voices)
            cpu_ms += fresh.compute_ms
            if tracks is None:
                tracks = fresh
                continue
            tracks, told_ms = await with_speaking_turns(merge_tracks(tracks, fresh), speech, warnings.append, voices)
            cpu_ms += told_ms
        assert tracks is not None
        return AnalysisResult(tracks=tracks, cpu_ms=cpu_ms, warnings=warnings)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the exports, or the preview; other clips go on."""
        assert isinstance(event, Request)
        for one in requests_by_aspect(event):
            if isinstance(one, events.PreviewRequested):
                await fail_preview(connection, one, reason, detail, cause)
            else:
                await fail_export(connection, one, "frame", reason, detail, cause)


def requests_by_aspect(event: Request) -> Sequence[Request]:
    """Return one request for each wanted aspect."""
    return [event] if isinstance(event, events.PreviewRequested) else split_exports(event)


def _hull_range(time: TimeRange, tracks: ClipTracks | None) -> TimeRange:
    """Return the hull of the wanted range and the earlier analysis."""
    seen = [time, *([tracks.range] if tracks else [])]
    return TimeRange(start_ms=min(one.start_ms for one in seen), end_ms=max(one.end_ms for one in seen))


def _output_id(event: Request) -> UUID:
    """Return the id of the export or preview that is framed."""
    return event.preview_id if isinstance(event, events.PreviewRequested) else event.export_id


async def _write_suggestions(connection: Connection, event: Request, keys: Mapping[Aspect, Sequence[CropKey]]) -> None:
    """Store the suggested crops by aspect."""
    await write_crop_suggestions(connection, event.org_id, event.clip_id, keys)


async def _write_plans(connection: Connection, asked: Sequence[Request], stored: StoredPlans, work: Work) -> None:
    """Store the clip's tracks, and hand the plans over."""
    first = asked[0]
    await write_tracks(connection, first.org_id, first.clip_id, stored.tracks)
    if isinstance(first, events.PreviewRequested):
        await plan_preview(connection, first, stored.plans[first.rendition.aspect], work.cause)
        return
    await store_plans(connection, [one for one in asked if not isinstance(one, events.PreviewRequested)], stored, work)
