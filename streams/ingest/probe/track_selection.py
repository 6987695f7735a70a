"""Which streams of a file are the project's video and sound, as demuxer and a short listen say. Decodes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType

from av.container import InputContainer
from av.stream import Disposition, Stream

from core.errors import Rejected
from core.settings import MediaLimits

STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
FOR_FEW = Disposition.comment | Disposition.visual_impaired | Disposition.karaoke | Disposition.clean_effects
AS_LIKE_SPEECH = 0.7
"""Of the likeness of the track that is most like speech: what is nearer to it is as good …"""
SPEECH = 0.27
"""… and so is what is surely speech: voices are at 0.28 to 0.7, tunes up to 0.22."""
NOT_HEARD: Mapping[int, float] = MappingProxyType({})
NO_DECODER = (
    "The file's video and sound use codecs that are not supported. Convert it to H.264 and AAC, then try again."
)
NOTHING = "The file has neither video nor sound."


def check_streams(container: InputContainer, limits: MediaLimits) -> None:
    """Raises Rejected for too many streams and for pictures beyond the limit."""
    if len(container.streams) > limits.max_streams:
        count = len(container.streams)
        raise Rejected("media.bomb", f"The file has {count} streams, more than the {limits.max_streams} it may have.")
    for stream in container.streams.video:
        width, height = (stream.width, stream.height) if stream.codec_context is not None else (0, 0)
        if width * height > limits.max_pixels:
            raise Rejected(
                "media.bomb",
                f"The pictures are {width} × {height}; {limits.max_pixels / 1e6:g} megapixels is the limit.",
            )


def choose(
    streams: Iterable[Stream], kind: str, broken: Container[int], speech: Mapping[int, float] = NOT_HEARD
) -> Stream | None:
    """The stream of a kind to work on: the default one, then the one with most pixels, then the first.

    Cover art is not video. ``broken`` are streams that turned out not to decode. Where ``speech`` (stream index → how
    much like speech it sounds) tells of several audio tracks, it has to be one of those that sound most like it; one
    that is meant for few, as a director's comments, only where there is no other.
    """
    usable = [
        stream
        for stream in streams
        if stream.type == kind
        and stream.codec_context is not None
        and stream.index not in broken
        and not stream.disposition & STILL
    ]
    if kind == "audio" and len(usable) > 1:
        usable = _with_speech(usable, speech)
    return min(usable, key=_rank, default=None)


def _with_speech(tracks: list[Stream], speech: Mapping[int, float]) -> list[Stream]:
    general = [track for track in tracks if not track.disposition & FOR_FEW]
    heard = {track.index: speech.get(track.index, 0.0) for track in general or tracks}
    least = min(SPEECH, max(heard.values()) * AS_LIKE_SPEECH)
    return [track for track in general or tracks if heard[track.index] >= least]


def _rank(stream: Stream) -> tuple[bool, int, int]:
    pixels = stream.codec_context.width * stream.codec_context.height if stream.type == "video" else 0  # type: ignore[attr-defined]
    return (not stream.disposition & Disposition.default, -pixels, stream.index)


def refuse_nothing(streams: Iterable[Stream]) -> Rejected:
    """Why a file has nothing to work on."""
    relevant = [stream for stream in streams if stream.type in ("video", "audio") and not stream.disposition & STILL]
    if relevant and all(stream.codec_context is None for stream in relevant):
        return Rejected("media.unsupported", NO_DECODER)
    return Rejected("media.no_audio_no_video", NOTHING)
