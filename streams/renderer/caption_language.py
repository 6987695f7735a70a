"""Chooses the transcript track whose words are shown, and the tracks that become further subtitles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from core.domain.transcripts.translated_tracks import timed_by_segments, with_transcript_speakers
from core.ports.stores import Objects
from schemas.common import TimeRange, Value
from schemas.documents.transcript import Transcript
from schemas.options.captions import CaptionLanguage

MISSING_TRACK_WARNING = (
    "captions.language: there is no track in the language {}; the words are shown as they were spoken"
)
"""Warning where the requested caption language has no track."""


class CaptionTracks(Value, frozen=True, kw_only=True):
    """The track that captions show, the other tracks by language code, and warnings."""

    shown: Transcript | None
    others: dict[str, Transcript]
    warnings: list[str]


async def load_caption_tracks(
    transcript: Transcript | None, requested: CaptionLanguage, objects: Objects
) -> CaptionTracks:
    """Load the transcript's tracks and choose the one in the requested language.

    Without such a track the spoken words are shown, with a warning. Raises as `Objects.get`.
    """
    if transcript is None:
        return CaptionTracks(shown=None, others={}, warnings=[])
    tracks = {}
    for language, ref in sorted(transcript.tracks.items()):
        track = msgspec.json.decode(await objects.get(ref), type=Transcript)
        tracks[language] = timed_by_segments(with_transcript_speakers(track, transcript))
    spoken_language = transcript.language or "und"
    if requested == "spoken" or (requested not in tracks and requested == spoken_language):
        other_tracks = {language: track for language, track in tracks.items() if language != spoken_language}
        return CaptionTracks(shown=transcript, others=other_tracks, warnings=[])
    if requested not in tracks:
        return CaptionTracks(shown=transcript, others=tracks, warnings=[MISSING_TRACK_WARNING.format(requested)])
    translated = tracks.pop(requested)
    other_tracks = tracks if spoken_language == requested else {spoken_language: transcript, **tracks}
    return CaptionTracks(shown=translated, others=other_tracks, warnings=[])


def with_clip_languages(tracks: CaptionTracks, times: Sequence[TimeRange]) -> CaptionTracks:
    """Label each track with the language in which most of the clip is spoken.

    A recording may change its language. A track that comes out in the language already shown is dropped.
    """
    if tracks.shown is None:
        return tracks
    shown_track = _with_main_language(tracks.shown, times)
    labelled_tracks = (
        (track.language or code, track)
        for code, other_track in tracks.others.items()
        for track in [_with_main_language(other_track, times)]
    )
    other_tracks = {language: track for language, track in labelled_tracks if language != shown_track.language}
    return msgspec.structs.replace(tracks, shown=shown_track, others=other_tracks)


def _with_main_language(track: Transcript, times: Sequence[TimeRange]) -> Transcript:
    """The track, labelled with the language of most of its time inside the played ranges."""
    spoken_ms: Counter[str | None] = Counter()
    for segment in track.segments:
        part = TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms)
        spoken_ms[segment.language or track.language] += sum(part.overlap_ms(time) for time in times)
    main_language = max(spoken_ms, key=lambda language: spoken_ms[language], default=None)
    return (
        msgspec.structs.replace(track, language=main_language)
        if main_language is not None and spoken_ms[main_language]
        else track
    )
