"""The kinds of file that an export can be: containers, the codecs each may hold, suffixes, media types. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from schemas.common import Value

Container = Literal["mp4", "webm", "mov", "gif", "webp", "m4a", "mp3", "flac", "wav"]
"""``gif`` and ``webp`` are small moving previews without sound; ``m4a``, ``mp3``, ``flac`` and ``wav`` sound alone."""
VideoCodec = Literal["h264", "hevc", "av1", "vp9", "prores"]
AudioCodec = Literal["aac", "opus", "pcm", "mp3", "flac"]
Pictures = VideoCodec | Literal["gif", "webp"]


class Kind(Value, frozen=True, kw_only=True):
    """What a container may hold; the first codec of each is what it holds where nothing is said."""

    video: tuple[VideoCodec, ...] = ()
    audio: tuple[AudioCodec, ...] = ()
    media_type: str
    preview: Literal["gif", "webp"] | None = None
    """What its pictures are where it is a preview."""

    @property
    def pictures(self) -> tuple[Pictures, ...]:
        """What its pictures may be."""
        return (self.preview,) if self.preview else self.video


KINDS: Mapping[Container, Kind] = MappingProxyType(
    {
        "mp4": Kind(video=("h264", "hevc", "av1"), audio=("aac",), media_type="video/mp4"),
        "webm": Kind(video=("vp9", "av1"), audio=("opus",), media_type="video/webm"),
        "mov": Kind(video=("h264", "prores"), audio=("aac", "pcm"), media_type="video/quicktime"),
        "gif": Kind(preview="gif", media_type="image/gif"),
        "webp": Kind(preview="webp", media_type="image/webp"),
        "m4a": Kind(audio=("aac",), media_type="audio/mp4"),
        "mp3": Kind(audio=("mp3",), media_type="audio/mpeg"),
        "flac": Kind(audio=("flac",), media_type="audio/flac"),
        "wav": Kind(audio=("pcm",), media_type="audio/wav"),
    }
)


class FileWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What file is wanted; what is left out is the container's own first choice, and that of all an MP4."""

    container: Container | None = None
    """Container, or kind, of the file."""
    video_codec: VideoCodec | None = None
    """Video codec; null: the container's first choice."""
    audio_codec: AudioCodec | None = None
    """Audio codec; null: the container's first choice."""


class FileKind(Value, frozen=True, kw_only=True):
    """One file, with nothing left open. ``video`` is None where there is sound alone, ``audio`` where it is silent."""

    container: Container = "mp4"
    video: Pictures | None = "h264"
    audio: AudioCodec | None = "aac"

    @property
    def suffix(self) -> str:
        """Of its name."""
        return f".{self.container}"

    @property
    def media_type(self) -> str:
        """As HTTP says it."""
        return KINDS[self.container].media_type

    @property
    def is_preview(self) -> bool:
        """Whether it shows few and small pictures, and has no sound."""
        return KINDS[self.container].preview is not None


def file_of(wish: FileWish) -> FileKind:
    """The file that a wish means; of a wish that breaks no rule."""
    container = wish.container or "mp4"
    kind = KINDS[container]
    video: Pictures | None = wish.video_codec or next(iter(kind.pictures), None)
    audio = wish.audio_codec or next(iter(kind.audio), None)
    if video == "prores" and wish.audio_codec is None:
        audio = "pcm"
    return FileKind(container=container, video=video, audio=audio)


def broken_file_rules(wish: FileWish) -> Mapping[str, str]:
    """Field of each codec that its container cannot hold → what it must be."""
    container = wish.container or "mp4"
    kind = KINDS[container]
    asked = (("video_codec", wish.video_codec, kind.video), ("audio_codec", wish.audio_codec, kind.audio))
    return {
        name: f"{' or '.join(known)} in {container}"
        if known
        else f"left out: {container} holds none that can be chosen"
        for name, codec, known in asked
        if codec is not None and codec not in known
    }
