"""Length, tracks, size, number of pictures, and whether it plays while it loads. Decodes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from schemas.documents.quality import Check, judged
from schemas.options.file_formats import AudioCodec, FileKind, Pictures
from streams.render.quality.subject import NO_PICTURES, Case
from streams.renderer.encoding.animated_image import PREVIEW_RATE

PICTURES: Mapping[Pictures, str] = MappingProxyType(
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
SOUND: Mapping[AudioCodec, str] = MappingProxyType({"pcm": "pcm_s16le"})
"""Names of decoders that are not the codec's own."""


def wanted_tracks(file: FileKind) -> list[str]:
    """The tracks of a kind of file, as `Tracks.codecs` names them."""
    pictures = [PICTURES[file.video]] if file.video else []
    return pictures + ([f"{SOUND.get(file.audio, file.audio)} 48000 stereo"] if file.audio else [])


def check_shape(case: Case) -> list[Check]:
    """Five checks on the file's packets and boxes."""
    tracks, meant, limits = case.film.tracks, case.meant, case.meant.limits
    wanted = wanted_tracks(meant.file)
    fitting = sum(codec in tracks.codecs for codec in wanted)
    others = len(tracks.codecs) - fitting
    both = msgspec.structs.replace(limits.streams, limit=len(wanted), fail=len(wanted))
    no_index = "" if tracks.index_first is not None else f"{meant.file.container} has no index to come first"
    return [
        _duration(case),
        judged("streams", fitting - others, "", both, detail=", ".join(tracks.codecs)),
        *_pictures(case),
        judged(
            "faststart",
            None if tracks.index_first is None else float(tracks.index_first),
            "",
            limits.faststart,
            detail=no_index,
        ),
    ]


def _duration(case: Case) -> Check:
    tracks, file = case.film.tracks, case.meant.file
    planned_ms = float(case.meant.timeline.length_ms)
    lasts = [("picture", tracks.video_ms)] if file.video else []
    lasts += [("sound", tracks.audio_ms)] if file.audio else []
    off_ms = max(abs(ms - planned_ms) for _, ms in lasts)
    if file.is_preview:  # its last picture is shown for a tenth of a second, wherever the clip ends
        off_ms = max(0.0, off_ms - 1000 / PREVIEW_RATE)
    detail = ", ".join([*(f"{name} {ms:.0f} ms" for name, ms in lasts), f"planned {planned_ms:.0f} ms"])
    return judged("duration", off_ms, "ms", case.meant.limits.duration_ms, detail=detail)


def _pictures(case: Case) -> list[Check]:
    """Their size and number."""
    tracks, meant, limits = case.film.tracks, case.meant, case.meant.limits
    if meant.file.video is None:
        return [
            judged("size", None, "px", limits.size_px, detail=NO_PICTURES),
            judged("frames", None, "pictures", limits.frames, detail=NO_PICTURES),
        ]
    across, down = meant.size_px
    off_px = abs(tracks.width_px - across) + abs(tracks.height_px - down)
    planned = meant.timeline.count if meant.count is None else meant.count
    off, told = abs(tracks.frames - planned), f"{tracks.frames} of {planned}"
    return [
        judged("size", off_px, "px", limits.size_px, detail=f"{tracks.width_px}x{tracks.height_px}"),
        judged("frames", off, "pictures", limits.frames, detail=told),
    ]
