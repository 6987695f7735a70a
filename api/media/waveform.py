"""The waveform of a project: peaks of its sound, in the resolution that a caller draws."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.conditional import reply_unless_held
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import FieldError, invalid
from api.projects.handlers import find_project
from api.transcripts.handlers import not_ready
from core.domain.media.peaks import MAX_PEAKS, choose_rate, thin_peaks
from core.storage.media.source_media import read_source_media
from schemas.documents.source import Waveform

Rate = Literal[1, 2, 5, 10, 20, 50, 100]
Moment = Annotated[int, Meta(ge=0, le=2**42)]


class ReadWaveform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Range and resolution of the peaks."""

    per_second: Rate | None = None
    """Peaks a second; null: up to 20, and fewer where the range is longer than an hour."""
    start_ms: Moment = 0
    """Begin here, at the peak that holds this moment."""
    end_ms: Moment | None = None
    """End here; null: at the end."""


class WaveformPeaks(msgspec.Struct, frozen=True, kw_only=True):
    """Peaks of the sound, mixed to one channel: what is drawn of it."""

    project_id: UUID
    duration_ms: int
    """Length of the project's source."""
    start_ms: int
    """Time of the first peak."""
    per_second: int
    """Peaks a second: peak n begins at `start_ms` + n × 1000 / `per_second`."""
    count: int
    """Number of peaks."""
    peaks: Annotated[str, Meta(examples=["AAdE/4ojAA=="])]
    """Base64 of one byte a peak, 0 to 255: the largest distance from silence, where 255 is the loudest moment of the
    whole source. Draw them as they are."""
    loudest: float
    """The loudest moment as a share of full scale, 0 to 1: a peak's own share is byte / 255 × `loudest`."""
    reason: Literal["no-sound"] | None = None
    """Why there is no peak; null with sound."""


def range_errors(query: ReadWaveform) -> list[FieldError]:
    """Errors of a range beyond its types."""
    if query.end_ms is not None and query.end_ms <= query.start_ms:
        return [FieldError(pointer="?end_ms", detail="It must be behind `start_ms`.")]
    return []


async def get_waveform(call: Call[None, ReadWaveform]) -> Reply:
    """Read the peaks of the sound, of all of it or of a range."""
    query, project_id = call.query, call.ids["project_id"]
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, project_id)
        media = await read_source_media(rows, call.org_id, project_id)
    if media is None or media.waveform is None or project["duration_ms"] is None:
        raise not_ready("waveform", project)
    duration_ms: int = project["duration_ms"]
    start_ms, end_ms = min(query.start_ms, duration_ms), min(query.end_ms or duration_ms, duration_ms)
    rate = query.per_second or choose_rate(end_ms - start_ms)
    if (end_ms - start_ms) * rate > MAX_PEAKS * 1000:
        raise invalid("?per_second", f"The range has more than {MAX_PEAKS} peaks: ask for fewer a second, or for less.")
    start_ms -= start_ms % (1000 // rate) if start_ms < end_ms else 0
    view = WaveformPeaks(
        project_id=project_id,
        duration_ms=duration_ms,
        start_ms=start_ms,
        per_second=rate,
        count=0,
        peaks="",
        loudest=0.0,
        reason="no-sound",
    )
    waveform = media.waveform
    name = waveform.peaks.sha256[:32] if waveform.peaks is not None else "none"

    async def read() -> Reply:
        return Reply(body=await _with_peaks(call, view, waveform, end_ms))

    return await reply_unless_held(call.request, f'"{name}-{rate}-{start_ms}-{end_ms}"', read)


async def _with_peaks(
    call: Call[None, ReadWaveform], view: WaveformPeaks, waveform: Waveform, end_ms: int
) -> WaveformPeaks:
    if waveform.peaks is None:
        return view
    stored = await call.context.documents.get(waveform.peaks)
    peaks = thin_peaks(stored, waveform.per_second, view.per_second, view.start_ms, end_ms)
    return msgspec.structs.replace(
        view, count=len(peaks), peaks=b64encode(peaks).decode(), loudest=waveform.loudest, reason=None
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/waveform",
        name="getWaveform",
        tag="projects",
        permission="projects:read",
        summary="Read the waveform of the sound",
        handler=get_waveform,
        query=ReadWaveform,
        check=range_errors,
        response=WaveformPeaks,
        also={"304": ()},
        problems=("not-ready", "project-erased"),
        description="An hour is under 100 KB. For a closer look ask for a range with more peaks a second.",
    ),
)
"""The operation of waveforms."""
