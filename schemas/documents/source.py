"""The index of a source: its tracks and packet table. Pure data."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ObjectRef, Value

PlayerFormat = Literal["mp4", "webm", "ogg", "flac", "wav"]
"""A container that browsers play and seek by what stands at its beginning, as far as its codecs allow."""


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
    """Whether it is mirrored horizontally before the rotation."""
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
    """Channel layout in libav's names: ``stereo``, ``5.1(side)``."""
    language: str = ""
    """Language tag of the file, for example ``eng``."""
    speech: float | None = None
    """Speech likelihood, 0..1; measured if there are several tracks."""


class PacketTable(Value, frozen=True, kw_only=True):
    """Columns, one entry a video packet in file order; ``pos`` is -1 if the container does not give it."""

    pts: list[int]
    pos: list[int]
    size: list[int]
    key: list[bool]


class SourceIndex(Value, frozen=True, kw_only=True):
    """The result of demuxing once: enough to read any range without demuxing again.

    ``origin_us`` is the stream time (µs) that is 0 ms of project time: the earliest start of the chosen streams.
    """

    format: str
    size_bytes: int
    duration_ms: int
    origin_us: int
    seekable: bool
    video: VideoTrack | None = None
    audio: AudioTrack | None = None
    """The chosen audio track."""
    packets: PacketTable | None = None
    warnings: list[str] = []
    still: bool = False
    """Whether every frame is the same, as behind a script: there is nothing to find in them."""
    audio_tracks: list[AudioTrack] = []
    """All audio tracks in the file's order; empty in older indexes."""
    player_format: PlayerFormat | None = None
    """Null in older indexes, and where a player would have to read the whole file first."""


class Playback(Value, frozen=True, kw_only=True):
    """How far a browser plays a source itself."""

    content_type: str | None
    """Media type under which a browser decodes it; null where none does."""
    smooth: bool
    """Whether it begins at once, and a jump shows its picture at once."""
    obstacle: str = ""
    """Why it is not smooth, in words; empty where it is."""


class ProxyFile(Value, frozen=True, kw_only=True):
    """A stored copy of a source for players. Its time is project time."""

    file: ObjectRef
    content_type: str
    width_px: int | None
    """Null without pictures."""
    height_px: int | None


class Waveform(Value, frozen=True, kw_only=True):
    """Stored peaks of the sound of a source.

    One byte each, where 255 is the loudest of all, ``per_second`` from 0 ms on.
    """

    peaks: ObjectRef | None
    """Null without sound."""
    per_second: int
    loudest: Annotated[float, Meta(ge=0, le=1)]
    """The loudest sample, as a share of full scale."""


class Poster(Value, frozen=True, kw_only=True):
    """A small picture that stands for a source."""

    image: ObjectRef
    at_ms: int
    worth: float
    """How well it shows what there is to see, 0..1."""
