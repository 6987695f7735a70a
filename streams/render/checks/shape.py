"""Length, tracks, size, number of pictures, and whether it plays while it loads. Decodes nothing."""

from __future__ import annotations

from schemas.proof import Check, judged
from streams.render.checks.case import Case

WANTED = ["h264 yuv420p", "aac 48000 stereo"]


def check_shape(case: Case) -> list[Check]:
    """Five checks on the file's packets and boxes."""
    tracks, meant, limits = case.film.tracks, case.meant, case.meant.limits
    planned_ms = float(meant.timeline.length_ms)
    off_ms = max(abs(tracks.video_ms - planned_ms), abs(tracks.audio_ms - planned_ms))
    fitting = sum(codec in tracks.codecs for codec in WANTED)
    others = len(tracks.codecs) - fitting
    across, down = meant.size_px
    off_px = abs(tracks.width_px - across) + abs(tracks.height_px - down)
    lasts = f"picture {tracks.video_ms:.0f} ms, sound {tracks.audio_ms:.0f} ms, planned {planned_ms:.0f} ms"
    return [
        judged("duration", off_ms, "ms", limits.duration_ms, detail=lasts),
        judged("streams", fitting - others, "", limits.streams, detail=", ".join(tracks.codecs)),
        judged("size", off_px, "px", limits.size_px, detail=f"{tracks.width_px}x{tracks.height_px}"),
        judged(
            "frames",
            abs(tracks.frames - meant.timeline.count),
            "pictures",
            limits.frames,
            detail=f"{tracks.frames} of {meant.timeline.count}",
        ),
        judged("faststart", float(tracks.index_first), "", limits.faststart),
    ]
