"""Explain in a sentence why a recording has no words, and therefore no captions. Pure."""

from __future__ import annotations

from schemas.documents.acoustics import SoundTotals
from schemas.documents.transcript import Transcript

MIN_SILENT_RATIO = 0.95
"""Share of silence from which a recording counts as silent."""
MIN_MUSIC_RATIO = 0.5
"""Share of music from which a recording without words counts as music."""
NO_CAPTIONS = "There are no captions, because there are no words to show."


def explain_no_words(transcript: Transcript, totals: SoundTotals | None) -> str:
    """Explain what was heard instead of words; empty where there are words.

    ``totals`` is None where no acoustics were measured: the source has no sound, or its spans were given up.
    """
    if transcript.words:
        return ""
    return f"{_describe_sound(transcript, totals)} {NO_CAPTIONS}"


def explain_lost_sound() -> str:
    """Explain that there is no transcript because the sound could not be worked on."""
    return f"Its sound could not be worked on. {NO_CAPTIONS}"


def _describe_sound(transcript: Transcript, totals: SoundTotals | None) -> str:
    """Describe what the recording sounds like."""
    duration_ms = max(1, transcript.duration_ms)
    speech_ms = sum(speech_range.length_ms for speech_range in transcript.speech)
    if totals is None:
        spans_missing = bool(transcript.missing)
        return (
            "Its sound could not be worked on."
            if spans_missing
            else "This recording has no sound that could be measured."
        )
    if totals.silence_ms >= MIN_SILENT_RATIO * duration_ms:
        return "Its sound is silent from beginning to end."
    if totals.music_ms >= MIN_MUSIC_RATIO * duration_ms:
        return (
            f"It is music: {_format_percent(totals.music_ms, duration_ms)} of it, and no words that could be made out."
        )
    if speech_ms:
        return f"A voice seems to be there for {speech_ms / 1000:.0f} s, but no words could be made out."
    level = f" (its middle level is {totals.median_lufs:.0f} LUFS)" if totals.median_lufs is not None else ""
    music = f", and music in {_format_percent(totals.music_ms, duration_ms)} of it" if totals.music_ms else ""
    return f"There is sound{level}{music}, but no speech."


def _format_percent(part_ms: int, duration_ms: int) -> str:
    """Format a share of the duration in per cent."""
    return f"{min(100, round(100 * part_ms / duration_ms))} %"
