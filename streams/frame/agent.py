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
from streams.frame.aspects import plan_aspects, suggest_or_none
from streams.frame.clip_analysis import analyse_clip, build_still_tracks
from streams.frame.edit_ranges import analysis_ranges
from streams.frame.speaker.face_landmarks import with_speaking_turns
from streams.frame.speaker.stored_voices import HeardSpanRef, read_heard_spans, read_speech, read_voices
from streams.frame.store import StoredPlans, store_plans
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work
from streams.vision.analysis_input import AnalysisInput

Request = events.ClipSelected | events.ExportRequested | events.PreviewRequested


class FrameInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs that frame reads of a clip."""

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

    ``tracks``: the analysis of the clip, kept for its next export.
    """

    tracks: ClipTracks
    results: list[tuple[TimeRange, AnalysisResult]]


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
        inputs = await self._read(event)
        index = await context.index(inputs.media.index)
        if index.video is None:
            raise InputRejected("clip.no_video", "There are no pictures in this file to make a clip of.")
        analysis = await self._look(event, inputs, index, work)
        requests = requests_by_aspect(event)
        looks = [(time, result.tracks) for time, result in analysis.results]
        planned = plan_aspects(looks, [request.rendition.aspect for request in requests], inputs.media.edit, index)
        keys = await suggest_or_none(looks, index) if work.cpu_ms else None  # only if something new was analysed
        prefix = prefix_of(event, "frame", result_id(work.cause.input_id, "frame"))
        stored = StoredPlans(
            tracks=await self._put(prefix, analysis.tracks),
            plans={aspect: await self._put(prefix, plan) for aspect, plan in planned.plans.items()},
            broken=planned.broken,
            edit=await self._put(prefix, inputs.media.edit) if inputs.media.edit else None,
            source=inputs.media.source,
            index=inputs.media.index,
        )

        async def commit(connection: Connection) -> None:
            await _write_plans(connection, requests, stored, work)
            if keys is not None:
                await _write_suggestions(connection, event, keys)
            for sentence in dict.fromkeys(sentence for _, result in analysis.results for sentence in result.warnings):
                await project_lifecycle.add_warning(connection, event.org_id, event.project_id, sentence)

        return commit

    async def _put(self, prefix: str, document: Value) -> ObjectRef:
        return await self._context.objects.put(prefix, encode_document(document), "application/json", ".json")

    async def _look(self, event: Request, inputs: FrameInputs, index: SourceIndex, work: Work) -> ClipAnalysis:
        """Analyse every range that is played; a range far from the clip's analysis gets its own."""
        context = self._context
        ranges = (
            [segment.range for segment in inputs.media.edit.segments] if inputs.media.edit else [event.rendition.range]
        )
        clip_tracks, steps, results = None, Steps(work.report), list[tuple[TimeRange, AnalysisResult]]()
        if inputs.media.tracks:
            clip_tracks = msgspec.json.decode(await context.objects.get(inputs.media.tracks), type=ClipTracks)
        for time_range in analysis_ranges(ranges):
            near = clip_tracks is None or ranges_touch(clip_tracks.range, time_range)
            with context.scratch() as scratch:
                result = await self._tracks(
                    event, inputs, index, steps, scratch, clip_tracks if near else None, time_range
                )
            results.append((time_range, result))
            clip_tracks = result.tracks if near else clip_tracks
        assert clip_tracks is not None
        work.cpu_ms = sum(result.cpu_ms for _, result in results)
        return ClipAnalysis(tracks=clip_tracks, results=results)

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
            heard_spans = await read_heard_spans(connection, event.org_id, event.project_id)
        if media is None:
            raise InputRejected("clip.unknown", f"There is no clip {event.clip_id}.")
        return FrameInputs(media=media, transcript=transcript, heard=heard_spans)

    async def _tracks(
        self,
        event: Request,
        inputs: FrameInputs,
        index: SourceIndex,
        steps: Steps,
        scratch: Path,
        tracks: ClipTracks | None,
        time: TimeRange,
    ) -> AnalysisResult:
        """Return all tracks of a range, and the cost of the part that ``tracks`` lacks."""
        if index.still:
            still = build_still_tracks(str(event.clip_id), _hull_range(time, tracks))
            return AnalysisResult(tracks=still, cpu_ms=0, warnings=[])
        context = self._context
        unseen: list[TimeRange] = missing_ranges(tracks, time) if tracks else [time]
        cpu_ms, warnings = 0, list[str]()
        speech = await read_speech(context.objects, inputs.transcript) if unseen else None
        voices = await read_voices(context.objects, inputs.heard, _hull_range(time, tracks)) if unseen else None
        for time_range in unseen:
            async with context.cache.open(inputs.media.source.key, inputs.media.source.size) as source:
                analysis_input = AnalysisInput(
                    index=index,
                    source=source,
                    faces=context.faces,
                    landmarks=context.landmarks,
                    scratch=scratch,
                    report=steps.part(),
                    warn=warnings.append,
                )
                fresh = await analyse_clip(str(event.clip_id), time_range, analysis_input, speech=speech, voices=voices)
            cpu_ms += fresh.compute_ms
            if tracks is None:
                tracks = fresh
                continue
            tracks, turns_ms = await with_speaking_turns(merge_tracks(tracks, fresh), speech, warnings.append, voices)
            cpu_ms += turns_ms
        assert tracks is not None
        return AnalysisResult(tracks=tracks, cpu_ms=cpu_ms, warnings=warnings)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the exports, or the preview; other clips go on."""
        assert isinstance(event, Request)
        for request in requests_by_aspect(event):
            if isinstance(request, events.PreviewRequested):
                await fail_preview(connection, request, reason, detail, cause)
            else:
                await fail_export(connection, request, "frame", reason, detail, cause)


def requests_by_aspect(event: Request) -> Sequence[Request]:
    """Return one request for each requested aspect."""
    return [event] if isinstance(event, events.PreviewRequested) else split_exports(event)


def _hull_range(time: TimeRange, tracks: ClipTracks | None) -> TimeRange:
    """Return the hull of the requested range and the earlier analysis."""
    ranges = [time, *([tracks.range] if tracks else [])]
    return TimeRange(start_ms=min(time.start_ms for time in ranges), end_ms=max(time.end_ms for time in ranges))


def _output_id(event: Request) -> UUID:
    """Return the id of the export or preview that is framed."""
    return event.preview_id if isinstance(event, events.PreviewRequested) else event.export_id


async def _write_suggestions(connection: Connection, event: Request, keys: Mapping[Aspect, Sequence[CropKey]]) -> None:
    """Store the suggested crops by aspect."""
    await write_crop_suggestions(connection, event.org_id, event.clip_id, keys)


async def _write_plans(connection: Connection, requests: Sequence[Request], stored: StoredPlans, work: Work) -> None:
    """Store the clip's tracks, and hand the plans over."""
    first = requests[0]
    await write_tracks(connection, first.org_id, first.clip_id, stored.tracks)
    if isinstance(first, events.PreviewRequested):
        await plan_preview(connection, first, stored.plans[first.rendition.aspect], work.cause)
        return
    await store_plans(
        connection, [request for request in requests if not isinstance(request, events.PreviewRequested)], stored, work
    )
