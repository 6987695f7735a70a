"""Issues the certificate of a finished file: all checks, measured on the file itself."""

from __future__ import annotations

from pathlib import Path

from core.domain.exports.preset_check import FileFacts, check_preset
from schemas.documents.export import Certificate
from schemas.documents.quality import Check, verdict_of
from streams.render.quality.check_av_sync import check_av_sync
from streams.render.quality.check_captions import check_captions
from streams.render.quality.check_frames import check_frames
from streams.render.quality.check_framing import check_framing
from streams.render.quality.check_loudness import check_loudness
from streams.render.quality.check_structure import check_structure
from streams.render.quality.container import FileTracks, has_edit_lists
from streams.render.quality.probe import probe_file
from streams.render.quality.subject import CheckSubject, Expectation
from streams.renderer.audio.loudness import Loudness, measure_loudness

LENGTH_TOLERANCE_MS = 50
"""Difference of video and audio length that is reported."""
LOUDNESS_TOLERANCE_LU = 1.0
"""Excess over the requested loudness that is reported."""
PEAK_LIMIT_DBTP = -1.0
"""True peak that is reported."""
NO_LOUDNESS = Loudness(integrated_lufs=None, true_peak_dbtp=None)


def issue_certificate(path: Path, expected: Expectation, *, encoder: str, warnings: list[str]) -> Certificate:
    """Measure a finished file; ``warnings`` of the render are kept, and faults are added."""
    probed = probe_file(path, expected.timeline.rate, expected.comparable_slots)
    subject, tracks = CheckSubject(probed=probed, expected=expected), probed.tracks
    loudness = measure_loudness(probed.sound) if probed.sound is not None else NO_LOUDNESS
    lufs, peak = loudness.integrated_lufs, loudness.true_peak_dbtp
    checks = run_checks(subject, loudness)
    return Certificate(
        width_px=tracks.width_px,
        height_px=tracks.height_px,
        duration_ms=round(max(tracks.video_ms, tracks.audio_ms)),
        frames=tracks.frames,
        frame_rate=round(tracks.frame_rate, 3),
        integrated_lufs=round(lufs, 2) if lufs is not None else None,
        true_peak_dbtp=round(peak, 2) if peak is not None else None,
        caption_cues=len(expected.cues),
        encoder=encoder,
        warnings=[*warnings, *_fault_warnings(tracks, expected, lufs, peak)],
        checks=checks,
        verdict=verdict_of(checks),
    )


def run_checks(subject: CheckSubject, loudness: Loudness) -> list[Check]:
    """Run every check, in the order of `CheckName`."""
    return [
        *check_structure(subject),
        *check_captions(subject),
        *check_framing(subject),
        *check_loudness(subject, loudness),
        *check_frames(subject),
        *check_av_sync(subject),
        *([check_preset(subject.expected.preset, file_facts(subject))] if subject.expected.preset else []),
    ]


def file_facts(subject: CheckSubject) -> FileFacts:
    """Facts that a platform's preset is checked against."""
    tracks = subject.probed.tracks
    return FileFacts(
        size_bytes=subject.probed.path.stat().st_size,
        lasts_ms=max(tracks.video_ms, tracks.audio_ms),
        width_px=tracks.width_px,
        height_px=tracks.height_px,
        rate=tracks.frame_rate,
        index_first=tracks.index_first,
        edit_lists=has_edit_lists(subject.probed.path),
        file=subject.expected.file,
    )


def _fault_warnings(tracks: FileTracks, expected: Expectation, lufs: float | None, peak: float | None) -> list[str]:
    faults = []
    planned = expected.timeline.count if expected.frame_count is None else expected.frame_count
    if expected.file.video and tracks.frames != planned:
        faults.append(f"video.frames: {tracks.frames} pictures instead of {planned}")
    if expected.file.video and expected.file.audio and abs(tracks.video_ms - tracks.audio_ms) > LENGTH_TOLERANCE_MS:
        faults.append(f"av.length: picture lasts {tracks.video_ms:.0f} ms, sound {tracks.audio_ms:.0f} ms")
    if lufs is not None and lufs > expected.limits.lufs.around + LOUDNESS_TOLERANCE_LU:
        faults.append(f"audio.loud: {lufs:.1f} LUFS")
    if peak is not None and peak > PEAK_LIMIT_DBTP:
        faults.append(f"audio.peak: {peak:.1f} dBTP")
    if tracks.index_first is False:
        faults.append("container.index_last: the file cannot be played while it loads")
    return faults
