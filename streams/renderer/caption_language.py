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

NO_TRACK = "captions.language: there is no track in the language {}; the words are shown as they were spoken"


class Tongues(Value, frozen=True, kw_only=True):
    """What is shown, the same in other languages by their codes, and what is to be warned of."""

    said: Transcript | None
    others: dict[str, Transcript]
    warnings: list[str]


async def in_tongues(transcript: Transcript | None, wanted: CaptionLanguage, objects: Objects) -> Tongues:
    """The transcript and its tracks, the wanted one first. Raises as `Objects.get`."""
    if transcript is None:
        return Tongues(said=None, others={}, warnings=[])
    tracks = {}
    for language, ref in sorted(transcript.tracks.items()):
        track = msgspec.json.decode(await objects.get(ref), type=Transcript)
        tracks[language] = timed_by_segments(shown(track, transcript))
    spoken = transcript.language or "und"
    if wanted == "spoken" or (wanted not in tracks and wanted == spoken):
        others = {language: track for language, track in tracks.items() if language != spoken}
        return Tongues(said=transcript, others=others, warnings=[])
    if wanted not in tracks:
        return Tongues(said=transcript, others=tracks, warnings=[NO_TRACK.format(wanted)])
    said = tracks.pop(wanted)
    return Tongues(said=said, others=tracks if spoken == wanted else {spoken: transcript, **tracks}, warnings=[])


def in_clip(tongues: Tongues, times: Sequence[TimeRange]) -> Tongues:
    """The same of a clip that plays these times, each called by the language that most of it is in there.

    A recording may change its language. What comes to the language that is shown is no other and left out.
    """
    if tongues.said is None:
        return tongues
    said = _called(tongues.said, times)
    named = ((track.language or code, track) for code, one in tongues.others.items() for track in [_called(one, times)])
    others = {language: track for language, track in named if language != said.language}
    return msgspec.structs.replace(tongues, said=said, others=others)


def _called(track: Transcript, times: Sequence[TimeRange]) -> Transcript:
    heard_ms: Counter[str | None] = Counter()
    for segment in track.segments:
        part = TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms)
        heard_ms[segment.language or track.language] += sum(part.overlap_ms(time) for time in times)
    most = max(heard_ms, key=lambda language: heard_ms[language], default=None)
    return msgspec.structs.replace(track, language=most) if most is not None and heard_ms[most] else track
