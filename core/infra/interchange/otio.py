"""OpenTimelineIO and, by its adapter, Final Cut Pro 7 XML (for Premiere).

It loads a large library: import it late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import opentimelineio as otio

from core.domain.editing.interchange import Cut, Handover, InterchangeFile
from core.infra.interchange.naming import base_name, media_url, one_line, percent

LABEL = "clipstream"
"""Key of our own metadata on each object."""
NO_GAIN = "otio: OpenTimelineIO has no levels; {} plays at {:+g} dB (it is in its metadata)"
REMAPPED = "fcp7: {} plays at {}, as a Time Remap filter, which programs read in different ways: look at its ends"
Extra = Callable[[Cut, str], dict[str, Any]]
"""Adds metadata to a clip, by cut and kind of track."""


def write_otio(handover: Handover) -> InterchangeFile:
    """Write OpenTimelineIO's JSON: a video track, an audio track, and captions as markers of the sequence."""
    timeline = _timeline(handover, lambda cut: cut.source, lambda _, __: {})
    warnings = [NO_GAIN.format(cut.segment_id, cut.gain_db) for cut in handover.cuts if cut.gain_db and not cut.muted]
    text: str = otio.core.serialize_json_to_string(timeline, indent=2)
    return InterchangeFile(text=text + "\n", warnings=warnings)


def write_fcp7(handover: Handover) -> InterchangeFile:
    """Write Final Cut Pro 7 XML.

    A retimed clip counts its in and out points in frames of its own playback, as that program did.
    """
    timeline = _timeline(handover, lambda cut: round(cut.source / cut.speed), _filters)
    size = {"width": str(handover.media.width_px), "height": str(handover.media.height_px)}
    timeline.metadata["fcp_xml"] = {"media": {"video": {"format": {"samplecharacteristics": size}}}}
    warnings = [REMAPPED.format(cut.segment_id, percent(float(cut.speed))) for cut in handover.cuts if cut.speed != 1]
    text: str = otio.adapters.write_to_string(timeline, adapter_name="fcp_xml")
    return InterchangeFile(text=text, warnings=warnings)


def _timeline(handover: Handover, source: Callable[[Cut], int], extra: Extra) -> Any:
    rate = float(handover.rate)
    timeline = otio.schema.Timeline(name=one_line(handover.name))
    timeline.global_start_time = otio.opentime.RationalTime(0, rate)
    timeline.metadata[LABEL] = dict(handover.about)
    for kind, items in (("Video", _pictures), ("Audio", _sound)):
        if kind == "Audio" and not handover.media.channels:
            continue
        track = otio.schema.Track(name=f"{kind[0]}1", kind=getattr(otio.schema.TrackKind, kind))
        track.extend(list(items(handover, source, extra)))
        timeline.tracks.append(track)
    for mark in handover.marks:
        marker = otio.schema.Marker(name=one_line(mark.text), marked_range=_range(mark.record, mark.count, rate))
        timeline.tracks.markers.append(marker)
    return timeline


def _pictures(handover: Handover, source: Callable[[Cut], int], extra: Extra) -> Iterator[Any]:
    for cut in handover.cuts:
        yield _clip(cut, handover, source(cut), "video", extra)


def _sound(handover: Handover, source: Callable[[Cut], int], extra: Extra) -> Iterator[Any]:
    for cut in handover.cuts:
        if cut.muted:
            yield otio.schema.Gap(source_range=_range(0, cut.count, float(handover.rate)))
        else:
            yield _clip(cut, handover, source(cut), "audio", extra)


def _clip(cut: Cut, handover: Handover, source: int, kind: str, extra: Extra) -> Any:
    """Build a clip. Each has its own metadata, because the adapter merges equal clips."""
    rate, media = float(handover.rate), handover.media
    reference = otio.schema.ExternalReference(
        target_url=media_url(media.name), available_range=_range(media.first, media.count, rate)
    )
    reference.name = one_line(base_name(media.name))
    reference.metadata["fcp_xml"] = _file(handover)
    ours = {"segment_id": cut.segment_id, "kind": kind, "record": cut.record} | (
        {"gain_db": cut.gain_db} if cut.gain_db else {}
    )
    clip = otio.schema.Clip(
        name=reference.name,
        media_reference=reference,
        source_range=_range(media.first + source, cut.count, rate),
        metadata={LABEL: ours, **extra(cut, kind)},
    )
    if cut.speed != 1:
        clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(cut.speed)))
    return clip


def _range(start: int, count: int, rate: float) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, rate), time(count, rate))


def _file(handover: Handover) -> dict[str, Any]:
    """Facts that a program compares with a file when it looks for it."""
    media = handover.media
    size = {"width": str(media.width_px), "height": str(media.height_px)}
    tracks: dict[str, Any] = {"video": {"samplecharacteristics": size}}
    if media.channels:
        depth = {"samplerate": str(media.sample_rate_hz)}
        tracks["audio"] = {"samplecharacteristics": depth, "channelcount": str(media.channels)}
    return {"media": tracks, "timecode": {"reel": {"name": media.reel}}}


def _filters(cut: Cut, kind: str) -> dict[str, Any]:
    """Speed and level in that program's form; the adapter writes neither by itself."""
    filters = []
    if cut.speed != 1:
        names = {"name": "Time Remap", "effectid": "timeremap", "effectcategory": "motion", "effecttype": "motion"}
        values = [
            _parameter("variablespeed", "0"),
            _parameter("speed", f"{float(cut.speed * 100):g}"),
            _parameter("reverse", "FALSE"),
            _parameter("frameblending", "FALSE"),
        ]
        filters.append({"effect": {**names, "mediatype": kind, "parameter": values}})
    if kind == "audio" and cut.gain_db:
        names = {"name": "Audio Levels", "effectid": "audiolevels", "effectcategory": "audiolevels"}
        level = _parameter("level", f"{10 ** (cut.gain_db / 20):.5f}")
        filters.append({"effect": {**names, "effecttype": "audiolevels", "mediatype": "audio", "parameter": [level]}})
    return {"fcp_xml": {"filter": filters}} if filters else {}


def _parameter(name: str, value: str) -> dict[str, str]:
    return {"parameterid": name, "name": name, "value": value}
