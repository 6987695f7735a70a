"""In which language the words of an export are shown, and in which others its subtitles come. Translates nothing."""

from __future__ import annotations

import msgspec

from schemas.caption_wish import CaptionLanguage
from schemas.documents import Transcript
from schemas.media import Value
from schemas.tracks import shown, timed_by_segments
from streams.adapters.ports import Objects

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
