"""File formats of exports: containers, their codecs, suffixes and media types. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from schemas.common import Value

Container = Literal["mp4", "webm", "mov", "gif", "webp", "m4a", "mp3", "flac", "wav"]
"""``gif`` and ``webp``: small animated previews without sound; ``m4a``, ``mp3``, ``flac``, ``wav``: sound only."""
VideoCodec = Literal["h264", "hevc", "av1", "vp9", "prores"]
AudioCodec = Literal["aac", "opus", "pcm", "mp3", "flac"]
Pictures = VideoCodec | Literal["gif", "webp"]


class ContainerFormat(Value, frozen=True, kw_only=True):
    """The codecs of a container; the first of each is the default."""

    video: tuple[VideoCodec, ...] = ()
    audio: tuple[AudioCodec, ...] = ()
    media_type: str
    preview: Literal["gif", "webp"] | None = None
    """Format of its frames, if it is an animated preview."""

    @property
    def pictures(self) -> tuple[Pictures, ...]:
        """Formats of its frames."""
        return (self.preview,) if self.preview else self.video


KINDS: Mapping[Container, ContainerFormat] = MappingProxyType(
    {
        "mp4": ContainerFormat(video=("h264", "hevc", "av1"), audio=("aac",), media_type="video/mp4"),
        "webm": ContainerFormat(video=("vp9", "av1"), audio=("opus",), media_type="video/webm"),
        "mov": ContainerFormat(video=("h264", "prores"), audio=("aac", "pcm"), media_type="video/quicktime"),
        "gif": ContainerFormat(preview="gif", media_type="image/gif"),
        "webp": ContainerFormat(preview="webp", media_type="image/webp"),
        "m4a": ContainerFormat(audio=("aac",), media_type="audio/mp4"),
        "mp3": ContainerFormat(audio=("mp3",), media_type="audio/mpeg"),
        "flac": ContainerFormat(audio=("flac",), media_type="audio/flac"),
        "wav": ContainerFormat(audio=("pcm",), media_type="audio/wav"),
    }
)


class FileWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The requested file format; omitted parts get the container's default, the container MP4."""

    container: Container | None = None
    """Container, or kind, of the file."""
    video_codec: VideoCodec | None = None
    """Video codec; null: the container's default."""
    audio_codec: AudioCodec | None = None
    """Audio codec; null: the container's default."""


class FileKind(Value, frozen=True, kw_only=True):
    """A complete file format; ``video`` is None for sound only, ``audio`` for a silent preview."""

    container: Container = "mp4"
    video: Pictures | None = "h264"
    audio: AudioCodec | None = "aac"

    @property
    def suffix(self) -> str:
        """Suffix of the file name."""
        return f".{self.container}"

    @property
    def media_type(self) -> str:
        """Media type of HTTP."""
        return KINDS[self.container].media_type

    @property
    def is_preview(self) -> bool:
        """Whether it is a small animated preview without sound."""
        return KINDS[self.container].preview is not None


def file_of(options: FileWish) -> FileKind:
    """Complete a valid request with the defaults."""
    container = options.container or "mp4"
    kind = KINDS[container]
    video: Pictures | None = options.video_codec or next(iter(kind.pictures), None)
    audio = options.audio_codec or next(iter(kind.audio), None)
    if video == "prores" and options.audio_codec is None:
        audio = "pcm"
    return FileKind(container=container, video=video, audio=audio)


def broken_file_rules(options: FileWish) -> Mapping[str, str]:
    """Map the field of each codec that its container cannot hold to the rule."""
    container = options.container or "mp4"
    kind = KINDS[container]
    choices = (("video_codec", options.video_codec, kind.video), ("audio_codec", options.audio_codec, kind.audio))
    return {
        name: f"{' or '.join(codecs)} in {container}"
        if codecs
        else f"left out: {container} holds none that can be chosen"
        for name, codec, codecs in choices
        if codec is not None and codec not in codecs
    }
