"""Builds a .cube look-up table from HDR (PQ or HLG, BT.2020) to SDR BT.709 for libav."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Transfer = Literal["pq", "hlg"]

TABLE_STEPS = 33
"""Entries of the table along each axis."""
REFERENCE_WHITE_LEVEL_NITS = 203.0
"""Luminance of diffuse white in HDR (ITU-R BT.2408-7, table 1), mapped to the top of SDR."""
SOURCE_PEAK_LEVEL_NITS = 1_000.0
"""Peak luminance assumed of HDR sources."""
DISPLAY_GAMMA_EXPONENT = 2.4
"""Gamma of an SDR display."""
BT2020_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear-light conversion (ITU-R BT.2087-0)."""
BT709_LUMA = np.array([0.2126, 0.7152, 0.0722])
BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])

M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
"""Constants of SMPTE ST 2084."""


def pq_to_nits(signal: Array) -> Array:
    """ST 2084 EOTF: signal 0..1 to cd/m²."""
    powered = np.power(np.clip(signal, 0, 1), 1 / M2)
    nits: Array = 10_000 * np.power(np.maximum(powered - C1, 0) / (C2 - C3 * powered), 1 / M1)
    return nits


def nits_to_pq(nits: Array) -> Array:
    """Inverse of `pq_to_nits`."""
    powered = np.power(np.clip(nits, 0, 10_000) / 10_000, M1)
    signal: Array = np.power((C1 + C2 * powered) / (1 + C3 * powered), M2)
    return signal


def hlg_to_nits(signal: Array) -> Array:
    """ITU-R BT.2100 HLG on a display of 1,000 cd/m² (system gamma 1.2); shape (..., 3)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luma = np.maximum(scene @ BT2020_LUMA, 1e-6)[..., None]
    nits: Array = SOURCE_PEAK_LEVEL_NITS * luma**0.2 * scene
    return nits


def compress_highlights(nits: Array) -> Array:
    """Roll highlights off to SDR's range: the EETF of ITU-R BT.2390-11, 5.4.1, with black at 0."""
    peak = nits_to_pq(np.asarray(SOURCE_PEAK_LEVEL_NITS))
    top = nits_to_pq(np.asarray(REFERENCE_WHITE_LEVEL_NITS)) / peak
    knee = 1.5 * top - 0.5
    level = np.clip(nits_to_pq(nits) / peak, 0, 1)
    t = np.clip((level - knee) / (1 - knee), 0, 1)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    return pq_to_nits(np.where(level < knee, level, curve) * peak)


def convert_to_sdr(signal: Array, transfer: Transfer) -> Array:
    """Convert HDR R'G'B' (BT.2020) to SDR R'G'B' (BT.709), both 0..1, shape (..., 3).

    Channels are scaled together, so that the hue stays.
    """
    nits = pq_to_nits(signal) if transfer == "pq" else hlg_to_nits(signal)
    brightest = np.maximum(nits.max(axis=-1, keepdims=True), 1e-6)
    linear = nits * (compress_highlights(brightest) / brightest) / REFERENCE_WHITE_LEVEL_NITS
    sdr: Array = np.power(_clip_to_gamut(linear @ BT2020_TO_BT709.T), 1 / DISPLAY_GAMMA_EXPONENT)
    return sdr


def _clip_to_gamut(linear: Array) -> Array:
    """Desaturate colours outside BT.709 until no channel is negative, then clip the top."""
    grey = np.clip(linear @ BT709_LUMA, 0, 1)[..., None]
    lowest = linear.min(axis=-1, keepdims=True)
    share = np.where(lowest < 0, grey / np.maximum(grey - lowest, 1e-9), 1.0)
    inside: Array = np.clip(grey + (linear - grey) * share, 0, 1)
    return inside


def write_cube(path: Path, transfer: Transfer) -> Path:
    """Write the table (red varies fastest) and return its path."""
    axis = np.linspace(0, 1, TABLE_STEPS)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    table = convert_to_sdr(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer)
    lines = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in table)
    path.write_text(f"LUT_3D_SIZE {TABLE_STEPS}\n{lines}\n")
    return path
