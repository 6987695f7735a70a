"""Judge by its index how far a browser plays a source itself, and how smoothly. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from core.media.decode.timestamps import list_key_times
from schemas.documents.source import Playback, SourceIndex

MAX_SIDES_PX = (1920, 1088)
"""Longer and shorter side of the largest picture that any machine decodes while it seeks."""
MAX_GROUP_PIXELS = 250_000_000
"""Pixels from one key frame to the next, all of which a jump may have to decode: 4 s of 1080p at 30 a second."""
MAX_BITS_PER_S = 16_000_000
"""Above this rate a line of 20 Mbit/s holds up a player."""
MAX_ORIGIN_US = 50_000
"""Distance of the file's first time from 0 that is not noticed: a picture and a half."""
PLAIN_PIXELS = frozenset({"yuv420p", "yuvj420p"})
"""What the decoders of browsers take: 8 bits, colour at half the resolution."""
VIDEO_CODECS: Mapping[str, frozenset[str]] = {
    "mov": frozenset({"h264", "av1"}),
    "matroska": frozenset({"vp8", "vp9", "av1"}),
}
"""Video codecs that browsers decode, by the beginning of a demuxer's name."""
AUDIO_CODECS: Mapping[str, frozenset[str]] = {
    "mov": frozenset({"aac", "mp3"}),
    "matroska": frozenset({"opus", "vorbis"}),
    "ogg": frozenset({"opus", "vorbis", "flac"}),
    "flac": frozenset({"flac"}),
    "wav": frozenset({"pcm_s16le", "pcm_u8"}),
    "mp3": frozenset({"mp3"}),
}
"""The same of audio codecs."""
MEDIA_TYPES: Mapping[str, str] = {"mov": "mp4", "matroska": "webm", "mp3": "mpeg"}
"""Subtypes of media types; the others are called as their demuxer is."""


def judge_playback(index: SourceIndex) -> Playback:
    """Judge how far a browser plays the source of ``index``."""
    content_type = _find_content_type(index)
    if content_type is None:
        return Playback(content_type=None, smooth=False, obstacle="Browsers do not decode its codecs.")
    obstacle = next(_list_obstacles(index), "")
    return Playback(content_type=content_type, smooth=not obstacle, obstacle=obstacle)


def _find_content_type(index: SourceIndex) -> str | None:
    family = next((name for name in AUDIO_CODECS if index.format.startswith(name)), None)
    if family is None or (index.audio is not None and index.audio.codec not in AUDIO_CODECS[family]):
        return None
    subtype = MEDIA_TYPES.get(family, family)
    if index.video is None:
        return f"audio/{subtype}"
    decodes = index.video.codec in VIDEO_CODECS.get(family, ()) and index.video.pixel_format in PLAIN_PIXELS
    return f"video/{subtype}" if decodes else None


def _list_obstacles(index: SourceIndex) -> Iterator[str]:
    """What keeps a player from beginning at once and from seeking smoothly, in sentences."""
    if index.player_format is None:
        yield "A player would have to look for its index first."
    if index.warnings:
        yield "The file is damaged, or not what it says."
    if abs(index.origin_us) > MAX_ORIGIN_US:
        yield "Its time does not begin at 0."
    if index.audio and index.audio_tracks and index.audio.stream_index != index.audio_tracks[0].stream_index:
        yield "Players choose another of its audio tracks."
    if index.size_bytes * 8000 > MAX_BITS_PER_S * max(1000, index.duration_ms):
        yield f"It has more than {MAX_BITS_PER_S // 1_000_000} Mbit a second."
    if index.video is None:
        return
    sides = sorted((index.video.display_width, index.video.display_height), reverse=True)
    if sides[0] > MAX_SIDES_PX[0] or sides[1] > MAX_SIDES_PX[1]:
        yield "Its pictures are larger than 1920 × 1080."
    if index.video.mirrored:
        yield "Its pictures are mirrored."
    pictures = find_longest_group(index)
    if pictures is None or pictures * index.video.coded_width * index.video.coded_height > MAX_GROUP_PIXELS:
        yield "Its key frames are too far apart."


def find_longest_group(index: SourceIndex) -> int | None:
    """The most pictures from one key frame up to the next, or to the end; None without key frames."""
    if index.packets is None:
        return None
    times = sorted(index.packets.pts)
    positions = [bisect_left(times, pts) for pts, _ in list_key_times(index)]
    if not positions:
        return None
    return max(end - start for start, end in zip(positions, [*positions[1:], len(times)], strict=True))
