"""A small document of sounds, for those who read one. Measures nothing."""

from __future__ import annotations

from schemas.documents.acoustics import Curve, SoundEvent, Sounds, SoundTotals


def heard_sounds(steps: int, arousal: list[float | None] | None = None) -> Sounds:
    """``steps`` of 100 ms at -20 LUFS: music, then silence."""
    length_ms = steps * 100
    return Sounds(
        duration_ms=length_ms,
        loudness=Curve(step_ms=100, unit="LUFS", values=[-20.0] * steps),
        pitch=Curve(step_ms=100, unit="Hz", values=[None] * steps),
        arousal=Curve(step_ms=500, unit="", values=arousal or []),
        speech_rate=Curve(step_ms=1000, unit="words/s", values=[]),
        music=Curve(step_ms=500, unit="probability", values=[]),
        events=[
            SoundEvent(kind="music", start_ms=0, end_ms=length_ms // 2, confidence=0.9),
            SoundEvent(kind="silence", start_ms=length_ms // 2, end_ms=length_ms, confidence=0.9),
        ],
        totals=SoundTotals(
            speech_ms=0,
            music_ms=length_ms // 2,
            silence_ms=length_ms // 2,
            pauses=0,
            median_lufs=-20.0,
            median_pitch_hz=None,
            median_words_per_s=None,
        ),
        method="test",
    )
