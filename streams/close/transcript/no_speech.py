"""Why a recording has no words, in a sentence for a person: then captions are absent by design. Pure; hears nothing."""

from __future__ import annotations

from schemas.documents.acoustics import SoundTotals
from schemas.documents.transcript import Transcript

NEARLY_ALL = 0.95
MOSTLY = 0.5
NO_CAPTIONS = "There are no captions, because there are no words to show."


def why_no_words(transcript: Transcript, totals: SoundTotals | None) -> str:
    """The reason, from what was heard instead; empty where there are words.

    ``totals`` is None where no sound was measured: there is none, or its spans were given up.
    """
    if transcript.words:
        return ""
    return f"{_heard(transcript, totals)} {NO_CAPTIONS}"


def words_lost() -> str:
    """The reason where nobody could work on the sound, so that there is no transcript at all."""
    return f"Its sound could not be worked on. {NO_CAPTIONS}"


def _heard(transcript: Transcript, totals: SoundTotals | None) -> str:
    whole_ms = max(1, transcript.duration_ms)
    spoken_ms = sum(stretch.length_ms for stretch in transcript.speech)
    if totals is None:
        lost = bool(transcript.missing)
        return "Its sound could not be worked on." if lost else "This recording has no sound that could be measured."
    if totals.silence_ms >= NEARLY_ALL * whole_ms:
        return "Its sound is silent from beginning to end."
    if totals.music_ms >= MOSTLY * whole_ms:
        return f"It is music: {_share(totals.music_ms, whole_ms)} of it, and no words that could be made out."
    if spoken_ms:
        return f"A voice seems to be there for {spoken_ms / 1000:.0f} s, but no words could be made out."
    level = f" (its middle level is {totals.median_lufs:.0f} LUFS)" if totals.median_lufs is not None else ""
    music = f", and music in {_share(totals.music_ms, whole_ms)} of it" if totals.music_ms else ""
    return f"Something is heard{level}{music}, but nobody speaks."


def _share(part_ms: int, whole_ms: int) -> str:
    return f"{min(100, round(100 * part_ms / whole_ms))} %"
