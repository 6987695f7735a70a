"""What was done to the sound of an export, as its certificate tells it. Frozen values; hears nothing."""

from __future__ import annotations

from schemas.media import Value


class SpeakerLevel(Value, frozen=True, kw_only=True):
    """How loud somebody spoke in the source, and how that was changed before the programme's own gain."""

    speaker: str
    lufs: float
    """Loudness of the speaker in the source."""
    gain_db: float
    """Gain that was applied to the speaker."""


class SoundReport(Value, frozen=True, kw_only=True):
    """From the source's sound to the file's."""

    source_lufs: float | None
    """None where nothing was loud enough to measure."""
    gain_db: float
    """Of the whole, before the limiter."""
    speakers: list[SpeakerLevel] = []
    """Those whose loudness was changed; none where all speak alike, one speaks, or nobody knows who."""
    clicks: int = 0
    """That were repaired."""
    track: int | None = None
    """Which of the source's audio tracks was heard, in the file's order from 1; None where that was not counted."""
    tracks: int = 1
    """Number of audio tracks of the source."""
