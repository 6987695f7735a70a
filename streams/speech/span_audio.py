"""Constants and the error that a span's audio reader shares with its child. Imports no media library."""

from __future__ import annotations

RATE_HZ = 16_000
"""Sample rate of span audio: what Whisper, the aligner and the voice model take."""
FLAC_FILE, SAMPLES_FILE = "span.flac", "samples.raw"
"""Files in the child's scratch folder: the sound as it was stored; its samples, 16-bit in the machine's order."""


class WrongAudioError(ValueError):
    """The object is not the 16 kHz mono FLAC of its span: a bug upstream that no retry repairs."""
