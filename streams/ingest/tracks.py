"""Which streams of a file are the project's video and sound, by what the demuxer says. Decodes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable

from av.container import InputContainer
from av.stream import Disposition, Stream

from streams.errors import Rejected
from streams.settings import MediaLimits

STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
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


def choose(streams: Iterable[Stream], kind: str, broken: Container[int]) -> Stream | None:
    """The stream of a kind to work on: the default one, then the one with most pixels, then the first.

    Cover art is not video. ``broken`` are streams that turned out not to decode.
    """
    usable = [
        stream
        for stream in streams
        if stream.type == kind
        and stream.codec_context is not None
        and stream.index not in broken
        and not stream.disposition & STILL
    ]
    return min(usable, key=_rank, default=None)


def _rank(stream: Stream) -> tuple[bool, int, int]:
    pixels = stream.codec_context.width * stream.codec_context.height if stream.type == "video" else 0  # type: ignore[attr-defined]
    return (not stream.disposition & Disposition.default, -pixels, stream.index)


def refuse_nothing(streams: Iterable[Stream]) -> Rejected:
    """Why a file has nothing to work on."""
    relevant = [stream for stream in streams if stream.type in ("video", "audio") and not stream.disposition & STILL]
    if relevant and all(stream.codec_context is None for stream in relevant):
        return Rejected("media.unsupported", NO_DECODER)
    return Rejected("media.no_audio_no_video", NOTHING)
