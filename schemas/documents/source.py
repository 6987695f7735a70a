"""The source as ingest found it: its tracks, the table of its packets, its index. Pure data."""

from __future__ import annotations

from schemas.common import Value


class VideoTrack(Value, frozen=True, kw_only=True):
    """The chosen video stream. ``packets`` are in decode order; ``pts`` in units of ``time_base``."""

    stream_index: int
    codec: str
    pixel_format: str
    coded_width: int
    coded_height: int
    display_width: int
    """Pixels after rotation and with the sample aspect ratio applied (even numbers)."""
    display_height: int
    rotation_deg: int
    """Clockwise turn a player applies: 0, 90, 180 or 270."""
    mirrored: bool = False
    """Whether left and right change places before the turn."""
    sample_aspect: tuple[int, int]
    time_base: tuple[int, int]
    frame_rate: tuple[int, int]
    start_pts: int
    duration_ms: int


class AudioTrack(Value, frozen=True, kw_only=True):
    """An audio stream: the chosen one, or one of all."""

    stream_index: int
    codec: str
    sample_rate_hz: int
    channels: int
    time_base: tuple[int, int]
    start_pts: int
    duration_ms: int
    layout: str = ""
    """Its channels, as libav names them: ``stereo``, ``5.1(side)``."""
    language: str = ""
    """As the file says, e.g. ``eng``."""
    speech: float | None = None
    """How much like speech it sounds, 0..1; measured where there are several."""


class PacketTable(Value, frozen=True, kw_only=True):
    """Columns, one entry per video packet in file order. ``pos`` is -1 where the container does not say."""

    pts: list[int]
    pos: list[int]
    size: list[int]
    key: list[bool]


class SourceIndex(Value, frozen=True, kw_only=True):
    """What ingest learnt in its one pass: enough to read any range without demuxing the file again.

    ``origin_us`` is the stream time (µs) that is 0 ms of project time: the earliest start of the chosen streams.
    """

    format: str
    size_bytes: int
    duration_ms: int
    origin_us: int
    seekable: bool
    video: VideoTrack | None = None
    audio: AudioTrack | None = None
    """The one that is listened to."""
    packets: PacketTable | None = None
    warnings: list[str] = []
    audio_tracks: list[AudioTrack] = []
    """All of them, in the file's order; none in indexes older than this."""
