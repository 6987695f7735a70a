"""Choose the project's video and audio among a file's streams. Decodes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType

from av.container import InputContainer
from av.stream import Disposition, Stream

from core.errors import InputRejected
from core.settings import MediaLimits

STILL_DISPOSITIONS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
"""Streams that are pictures, not video: cover art and thumbnails."""
SPECIAL_DISPOSITIONS = (
    Disposition.comment | Disposition.visual_impaired | Disposition.karaoke | Disposition.clean_effects
)
"""Tracks for special audiences, as a director's comments."""
MIN_LIKELIHOOD_RATIO = 0.7
"""A track with at least this share of the best track's likelihood of speech is as good."""
SURE_SPEECH_SCORE = 0.27
"""Likelihood from which a track surely holds speech: voices are at 0.28 to 0.7, tunes up to 0.22."""
NO_LIKELIHOODS: Mapping[int, float] = MappingProxyType({})
"""No likelihood was measured."""
NO_DECODER_DETAIL = (
    "The file's video and sound use codecs that are not supported. Convert it to H.264 and AAC, then try again."
)
"""Detail of the refusal of a file whose codecs are not supported."""
NO_STREAMS_DETAIL = "The file has neither video nor sound."
"""Detail of the refusal of a file without video and audio."""


def check_streams(container: InputContainer, limits: MediaLimits) -> None:
    """Raise InputRejected for too many streams and for frames beyond the pixel limit."""
    if len(container.streams) > limits.max_streams:
        count = len(container.streams)
        raise InputRejected(
            "media.bomb", f"The file has {count} streams, more than the {limits.max_streams} it may have."
        )
    for stream in container.streams.video:
        width, height = (stream.width, stream.height) if stream.codec_context is not None else (0, 0)
        if width * height > limits.max_pixels:
            raise InputRejected(
                "media.bomb",
                f"The pictures are {width} × {height}; {limits.max_pixels / 1e6:g} megapixels is the limit.",
            )


def choose_stream(
    streams: Iterable[Stream], kind: str, broken: Container[int], speech: Mapping[int, float] = NO_LIKELIHOODS
) -> Stream | None:
    """Choose the stream of a kind: the default one, then the one with most pixels, then the first.

    Cover art is not video. ``broken`` holds streams that turned out not to decode. Among several audio tracks,
    only those that sound most like speech by ``speech`` (stream index → likelihood) are eligible; one for a
    special audience, as a director's comments, only where there is no other.
    """
    usable_streams = [
        stream
        for stream in streams
        if stream.type == kind
        and stream.codec_context is not None
        and stream.index not in broken
        and not stream.disposition & STILL_DISPOSITIONS
    ]
    if kind == "audio" and len(usable_streams) > 1:
        usable_streams = _select_speech_tracks(usable_streams, speech)
    return min(usable_streams, key=_rank_stream, default=None)


def _select_speech_tracks(tracks: list[Stream], speech: Mapping[int, float]) -> list[Stream]:
    """Select the tracks for a general audience that sound most like speech."""
    general_tracks = [track for track in tracks if not track.disposition & SPECIAL_DISPOSITIONS]
    likelihoods = {track.index: speech.get(track.index, 0.0) for track in general_tracks or tracks}
    min_likelihood = min(SURE_SPEECH_SCORE, max(likelihoods.values()) * MIN_LIKELIHOOD_RATIO)
    return [track for track in general_tracks or tracks if likelihoods[track.index] >= min_likelihood]


def _rank_stream(stream: Stream) -> tuple[bool, int, int]:
    """Rank a stream: default first, then most pixels, then first."""
    pixels = stream.codec_context.width * stream.codec_context.height if stream.type == "video" else 0  # type: ignore[attr-defined]
    return (not stream.disposition & Disposition.default, -pixels, stream.index)


def explain_no_streams(streams: Iterable[Stream]) -> InputRejected:
    """Build the refusal of a file that has nothing to work on."""
    media_streams = [
        stream
        for stream in streams
        if stream.type in ("video", "audio") and not stream.disposition & STILL_DISPOSITIONS
    ]
    if media_streams and all(stream.codec_context is None for stream in media_streams):
        return InputRejected("media.unsupported", NO_DECODER_DETAIL)
    return InputRejected("media.no_audio_no_video", NO_STREAMS_DETAIL)
