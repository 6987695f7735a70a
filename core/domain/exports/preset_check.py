"""The faults of a finished file by a platform's preset. Pure; a preset itself is data."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.common import Value
from schemas.documents.quality import Check, Verdict
from schemas.options.file_formats import FileKind
from schemas.options.presets import Preset, PresetName, presets

ROUNDING_TOLERANCE = 0.01
"""Relative tolerance of ratios and rates: 29.97 counts as 30, 1080 × 1920 as 9:16."""


class FileFacts(Value, frozen=True, kw_only=True):
    """Measurements of a finished file. No width where it is sound alone."""

    size_bytes: int
    lasts_ms: float
    width_px: int
    height_px: int
    rate: float
    index_first: bool | None
    edit_lists: bool
    file: FileKind


def check_preset(name: PresetName, facts: FileFacts) -> Check:
    """Compare a file with its preset: broken limits and what to change; ignored advice warns."""
    preset = presets()[name]
    broken, unwise = list(_broken(preset, facts)), list(_unwise(preset, facts))
    verdict: Verdict = "fail" if broken else "warn" if unwise else "pass"
    return Check(
        name="preset",
        value=float(len(broken)),
        unit="limits broken",
        limit=0,
        side="at_most",
        verdict=verdict,
        detail=f"{preset.name}: {'; '.join(broken + unwise) or 'as it is wanted there'}",
    )


def _broken(preset: Preset, facts: FileFacts) -> Iterator[str]:
    lasts_s = facts.lasts_ms / 1000
    if facts.lasts_ms > preset.max_ms + 50:
        yield f"lasts {lasts_s:.1f} s, at most {preset.max_ms / 1000:g} are taken: export a shorter range"
    if facts.lasts_ms < preset.min_ms - 50:
        yield f"lasts {lasts_s:.1f} s, at least {preset.min_ms / 1000:g} are taken: export a longer range"
    if facts.size_bytes > preset.max_bytes:
        yield f"has {facts.size_bytes / 1e6:.0f} MB, at most {preset.max_bytes / 1e6:.0f} are taken: ask for `best`"
    bit_rate = facts.size_bytes * 8000 / max(1.0, facts.lasts_ms)
    if preset.max_bit_rate and bit_rate > preset.max_bit_rate:
        yield f"has {bit_rate / 1e6:.1f} Mbit/s, at most {preset.max_bit_rate / 1e6:g} are taken: ask for `best`"
    if preset.index_first and facts.index_first is False:
        yield "has its index at its end: it must come first"
    yield from _kind(preset, facts)
    yield from _picture(preset, facts)


def _kind(preset: Preset, facts: FileFacts) -> Iterator[str]:
    file = facts.file
    if file.container not in preset.containers:
        yield f"is {file.container}: ask for {' or '.join(preset.containers)}"
    if file.video not in preset.video_codecs:
        yield f"holds {file.video or 'no pictures'}: ask for {' or '.join(preset.video_codecs)}"
    if file.audio not in preset.audio_codecs:
        yield f"holds {file.audio or 'no sound'}: ask for {' or '.join(preset.audio_codecs)}"


def _picture(preset: Preset, facts: FileFacts) -> Iterator[str]:
    if not facts.width_px:
        return
    across, down = facts.width_px, facts.height_px
    least, most = preset.ratio
    if not least - ROUNDING_TOLERANCE <= across / down <= most + ROUNDING_TOLERANCE:
        yield f"is {across}x{down}: ask for {preset.best_aspect}"
    if min(across, down) < preset.shortest_px or max(across, down) > preset.longest_px:
        yield f"is {across}x{down}: sides of {preset.shortest_px} to {preset.longest_px} are taken"
    slowest, fastest = preset.rate
    if not slowest * (1 - ROUNDING_TOLERANCE) <= facts.rate <= fastest * (1 + ROUNDING_TOLERANCE):
        yield f"has {facts.rate:.2f} pictures a second: {slowest:g} to {fastest:g} are taken"


def _unwise(preset: Preset, facts: FileFacts) -> Iterator[str]:
    if preset.better_max_ms and preset.better_max_ms + 50 < facts.lasts_ms <= preset.max_ms:
        yield f"lasts {facts.lasts_ms / 1000:.1f} s: past {preset.better_max_ms / 1000:g} it is shown in fewer places"
    if facts.edit_lists and not preset.edit_lists:
        yield "has edit lists, and none are wanted"
