"""Writes a clip's stems as FLAC files that line up with its first frame.

Each begins with the clip's first frame and lasts as long as its video; only what would clip is turned down.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.mixer import AudioMix

FLAC_FRAME_SAMPLES = 4096
"""Samples per frame that the encoder gets."""
SAMPLE_BITS = 24
"""Bits of a stem's samples."""
MAX_SAMPLE_VALUE = (1 << (SAMPLE_BITS - 1)) - 1


def list_stems(mix: AudioMix) -> dict[str, Sound]:
    """Stems of a mix by name; empty where it has no audio."""
    return {"voice": mix.voice, "mix": mix.sound} if mix.voice is not None else {}


def stem_file_name(name: str) -> str:
    """Name of a stem's file in the scratch folder."""
    return f"stem-{name}.flac"


def save_stems(folder: Path, stems: Mapping[str, Sound]) -> list[str]:
    """Write each stem; returns warnings about those that were turned down."""
    warnings = []
    for name, sound in stems.items():
        peak = float(np.max(np.abs(sound), initial=0.0))
        if peak > 1:
            warnings.append(f"stems.{name}: {20 * np.log10(peak):.1f} dB softer than in the mix, or it would clip")
        save_flac(folder / stem_file_name(name), sound / np.float32(max(1.0, peak)))
    return warnings


def save_flac(path: Path, sound: Sound) -> None:
    """Write 48 kHz stereo, shape (n, 2), as 24-bit FLAC."""
    samples = np.rint(np.clip(sound, -1, 1) * MAX_SAMPLE_VALUE).astype(np.int32) << (32 - SAMPLE_BITS)
    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="stereo", options={"flags": "+bitexact"})
        stream.format = "s32"
        for start in range(0, len(samples), FLAC_FRAME_SAMPLES):
            part = np.ascontiguousarray(samples[start : start + FLAC_FRAME_SAMPLES]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s32", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
