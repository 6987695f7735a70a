"""Checks length, tracks, size, number of frames, and whether a file plays while it loads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from schemas.documents.quality import Check, make_check
from schemas.options.file_formats import AudioCodec, FileKind, Pictures
from streams.render.quality.subject import NO_VIDEO_REASON, CheckSubject
from streams.renderer.encoding.animated_image import PREVIEW_RATE

VIDEO_TRACK_NAMES: Mapping[Pictures, str] = MappingProxyType(
    {
        "h264": "h264 yuv420p",
        "hevc": "hevc yuv420p",
        "av1": "av1 yuv420p",
        "vp9": "vp9 yuv420p",
        "prores": "prores yuv422p10le",
        "gif": "gif bgra",
        "webp": "webp rgba",
    }
)
AUDIO_CODEC_NAMES: Mapping[AudioCodec, str] = MappingProxyType({"pcm": "pcm_s16le"})
"""Decoder names that differ from the codec's."""


def expected_tracks(file: FileKind) -> list[str]:
    """The tracks of a file format, as `FileTracks.codecs` names them."""
    pictures = [VIDEO_TRACK_NAMES[file.video]] if file.video else []
    return pictures + ([f"{AUDIO_CODEC_NAMES.get(file.audio, file.audio)} 48000 stereo"] if file.audio else [])


def check_structure(subject: CheckSubject) -> list[Check]:
    """Five checks on the file's packets and boxes."""
    tracks, expected, limits = subject.probed.tracks, subject.expected, subject.expected.limits
    expected_names = expected_tracks(expected.file)
    fitting = sum(codec in tracks.codecs for codec in expected_names)
    surplus = len(tracks.codecs) - fitting
    bound = msgspec.structs.replace(limits.streams, limit=len(expected_names), fail=len(expected_names))
    no_index = "" if tracks.index_first is not None else f"{expected.file.container} has no index to come first"
    return [
        _check_duration(subject),
        make_check("streams", fitting - surplus, "", bound, detail=", ".join(tracks.codecs)),
        *_check_size_and_count(subject),
        make_check(
            "faststart",
            None if tracks.index_first is None else float(tracks.index_first),
            "",
            limits.faststart,
            detail=no_index,
        ),
    ]


def _check_duration(subject: CheckSubject) -> Check:
    tracks, file = subject.probed.tracks, subject.expected.file
    planned_ms = float(subject.expected.timeline.length_ms)
    lengths = [("picture", tracks.video_ms)] if file.video else []
    lengths += [("sound", tracks.audio_ms)] if file.audio else []
    difference_ms = max(abs(ms - planned_ms) for _, ms in lengths)
    if file.is_preview:  # its last picture is shown for a tenth of a second, wherever the clip ends
        difference_ms = max(0.0, difference_ms - 1000 / PREVIEW_RATE)
    detail = ", ".join([*(f"{name} {ms:.0f} ms" for name, ms in lengths), f"planned {planned_ms:.0f} ms"])
    return make_check("duration", difference_ms, "ms", subject.expected.limits.duration_ms, detail=detail)


def _check_size_and_count(subject: CheckSubject) -> list[Check]:
    """Frame size and number of frames."""
    tracks, expected, limits = subject.probed.tracks, subject.expected, subject.expected.limits
    if expected.file.video is None:
        return [
            make_check("size", None, "px", limits.size_px, detail=NO_VIDEO_REASON),
            make_check("frames", None, "pictures", limits.frames, detail=NO_VIDEO_REASON),
        ]
    across, down = expected.size_px
    size_difference_px = abs(tracks.width_px - across) + abs(tracks.height_px - down)
    planned = expected.timeline.count if expected.frame_count is None else expected.frame_count
    frame_difference, detail = abs(tracks.frames - planned), f"{tracks.frames} of {planned}"
    return [
        make_check("size", size_difference_px, "px", limits.size_px, detail=f"{tracks.width_px}x{tracks.height_px}"),
        make_check("frames", frame_difference, "pictures", limits.frames, detail=detail),
    ]
