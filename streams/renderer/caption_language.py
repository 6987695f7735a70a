"""In which language the words of an export are shown, and in which others its subtitles come. Translates nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from core.domain.transcripts.translated_tracks import shown, timed_by_segments
from core.ports.stores import Objects
from schemas.common import TimeRange, Value
from schemas.documents.transcript import Transcript
from schemas.options.captions import CaptionLanguage

MISSING_TRACK_WARNING = (
    "captions.language: there is no track in the language {}; the words are shown as they were spoken"
)


class CaptionTracks(Value, frozen=True, kw_only=True):
    """What is shown, the same in other languages by their codes, and what is to be warned of."""

    shown: Transcript | None
    others: dict[str, Transcript]
    warnings: list[str]


async def load_caption_tracks(
    transcript: Transcript | None, requested: CaptionLanguage, objects: Objects
) -> CaptionTracks:
    """The transcript and its tracks, the wanted one first. Raises as `Objects.get`."""
    if transcript is None:
        return CaptionTracks(shown=None, others={}, warnings=[])
    tracks = {}
    for language, ref in sorted(transcript.tracks.items()):
        track = msgspec.json.decode(await objects.get(ref), type=Transcript)
        tracks[language] = timed_by_segments(shown(track, transcript))
    spoken = transcript.language or "und"
    if requested == "spoken" or (requested not in tracks and requested == spoken):
        others = {language: track for language, track in tracks.items() if language != spoken}
        return CaptionTracks(shown=transcript, others=others, warnings=[])
    if requested not in tracks:
        return CaptionTracks(shown=transcript, others=tracks, warnings=[MISSING_TRACK_WARNING.format(requested)])
    translated = tracks.pop(requested)
    others = tracks if spoken == requested else {spoken: transcript, **tracks}
    return CaptionTracks(shown=translated, others=others, warnings=[])


def with_clip_languages(tracks: CaptionTracks, times: Sequence[TimeRange]) -> CaptionTracks:
    """The same of a clip that plays these times, each called by the language that most of it is in there.

    A recording may change its language. What comes to the language that is shown is no other and left out.
    """
    if tracks.shown is None:
        return tracks
    said = _with_main_language(tracks.shown, times)
    named = (
        (track.language or code, track)
        for code, one in tracks.others.items()
        for track in [_with_main_language(one, times)]
    )
    others = {language: track for language, track in named if language != said.language}
    return msgspec.structs.replace(tracks, shown=said, others=others)


def _with_main_language(track: Transcript, times: Sequence[TimeRange]) -> Transcript:
    heard_ms: Counter[str | None] = Counter()
    for segment in track.segments:
        part = TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms)
        heard_ms[segment.language or track.language] += sum(part.overlap_ms(time) for time in times)
    most = max(heard_ms, key=lambda language: heard_ms[language], default=None)
    return msgspec.structs.replace(track, language=most) if most is not None and heard_ms[most] else track
