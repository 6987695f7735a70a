"""What the finished file is, measured on the file itself. Believes nothing that the encoder was told."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from schemas.documents import Certificate
from schemas.media import Value
from streams.render.edl import Timeline
from streams.render.loudness import RATE_HZ, TARGET_LUFS, measure
from streams.render.sound import gather

LENGTH_TOLERANCE_MS = 50
LOUDNESS_TOLERANCE_LU = 1.0
PEAK_LIMIT_DBTP = -1.0


class Tracks(Value, frozen=True, kw_only=True):
    """The two tracks of a file, as its packets tell."""

    width_px: int
    height_px: int
    frames: int
    frame_rate: float
    video_ms: float
    audio_ms: float
    index_first: bool


def examine(path: Path, timeline: Timeline, *, cue_count: int, encoder: str, warnings: list[str]) -> Certificate:
    """Measure a finished file; ``warnings`` of the making are kept, what is found wrong is added."""
    tracks = read_tracks(path)
    with av.open(str(path)) as container:
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        sound = gather(frames, 0, round(tracks.audio_ms * RATE_HZ / 1000))
    loudness = measure(sound) if sound is not None else None
    lufs = loudness.integrated_lufs if loudness else None
    peak = loudness.true_peak_dbtp if loudness else None
    return Certificate(
        width_px=tracks.width_px,
        height_px=tracks.height_px,
        duration_ms=round(max(tracks.video_ms, tracks.audio_ms)),
        frames=tracks.frames,
        frame_rate=round(tracks.frame_rate, 3),
        integrated_lufs=round(lufs, 2) if lufs is not None else None,
        true_peak_dbtp=round(peak, 2) if peak is not None else None,
        caption_cues=cue_count,
        encoder=encoder,
        warnings=[*warnings, *_faults(tracks, timeline, lufs, peak)],
    )


def _faults(tracks: Tracks, timeline: Timeline, lufs: float | None, peak: float | None) -> list[str]:
    faults = []
    if tracks.frames != timeline.count:
        faults.append(f"video.frames: {tracks.frames} pictures instead of {timeline.count}")
    if abs(tracks.video_ms - tracks.audio_ms) > LENGTH_TOLERANCE_MS:
        faults.append(f"av.length: picture lasts {tracks.video_ms:.0f} ms, sound {tracks.audio_ms:.0f} ms")
    if lufs is not None and lufs > TARGET_LUFS + LOUDNESS_TOLERANCE_LU:
        faults.append(f"audio.loud: {lufs:.1f} LUFS")
    if peak is not None and peak > PEAK_LIMIT_DBTP:
        faults.append(f"audio.peak: {peak:.1f} dBTP")
    if not tracks.index_first:
        faults.append("container.index_last: the file cannot be played while it loads")
    return faults


def read_tracks(path: Path) -> Tracks:
    """Count packets and add up their lengths; only the sound is decoded, and not here."""
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        frames = 0
        for packet in container.demux(video):
            frames += packet.size > 0
        lengths = [
            float((stream.duration or 0) * (stream.time_base or Fraction(0)) * 1000) for stream in (video, audio)
        ]
        return Tracks(
            width_px=video.width,
            height_px=video.height,
            frames=frames,
            frame_rate=float(video.average_rate or 0),
            video_ms=lengths[0],
            audio_ms=lengths[1],
            index_first=boxes(path).index("moov") < boxes(path).index("mdat"),
        )


def boxes(path: Path) -> list[str]:
    """Names of the top level boxes of an MP4 file, in order (ISO/IEC 14496-12, 4.2)."""
    names = []
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size_bytes:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            names.append(head[4:8].decode("latin-1"))
            at += max(8, length) if length else size_bytes
    return names
