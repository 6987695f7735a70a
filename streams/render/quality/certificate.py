"""What the finished file is: every check on it, and their verdict. Believes nothing that the encoder was told."""

from __future__ import annotations

from pathlib import Path

from core.domain.exports.preset_check import FileFacts, check_preset
from schemas.documents.export import Certificate
from schemas.documents.quality import Check, verdict_of
from streams.render.quality.check_av_sync import check_sync
from streams.render.quality.check_captions import check_captions
from streams.render.quality.check_frames import check_pictures
from streams.render.quality.check_framing import check_framing
from streams.render.quality.check_loudness import check_sound
from streams.render.quality.check_structure import check_shape
from streams.render.quality.container import Tracks, has_edit_lists
from streams.render.quality.probe import open_film
from streams.render.quality.subject import Case, Meant
from streams.renderer.audio.loudness import Loudness, measure_loudness

LENGTH_TOLERANCE_MS = 50
LOUDNESS_TOLERANCE_LU = 1.0
PEAK_LIMIT_DBTP = -1.0
SILENCE = Loudness(integrated_lufs=None, true_peak_dbtp=None)


def examine(path: Path, meant: Meant, *, encoder: str, warnings: list[str]) -> Certificate:
    """Measure a finished file; ``warnings`` of the making are kept, what is found wrong is added."""
    film = open_film(path, meant.timeline.rate, meant.looked_at)
    case, tracks = Case(film=film, meant=meant), film.tracks
    loudness = measure_loudness(film.sound) if film.sound is not None else SILENCE
    lufs, peak = loudness.integrated_lufs, loudness.true_peak_dbtp
    checks = checks_of(case, loudness)
    return Certificate(
        width_px=tracks.width_px,
        height_px=tracks.height_px,
        duration_ms=round(max(tracks.video_ms, tracks.audio_ms)),
        frames=tracks.frames,
        frame_rate=round(tracks.frame_rate, 3),
        integrated_lufs=round(lufs, 2) if lufs is not None else None,
        true_peak_dbtp=round(peak, 2) if peak is not None else None,
        caption_cues=len(meant.cues),
        encoder=encoder,
        warnings=[*warnings, *_faults(tracks, meant, lufs, peak)],
        checks=checks,
        verdict=verdict_of(checks),
    )


def checks_of(case: Case, loudness: Loudness) -> list[Check]:
    """Every check, in the order of their names' list."""
    return [
        *check_shape(case),
        *check_captions(case),
        *check_framing(case),
        *check_sound(case, loudness),
        *check_pictures(case),
        *check_sync(case),
        *([check_preset(case.meant.preset, facts_of(case))] if case.meant.preset else []),
    ]


def facts_of(case: Case) -> FileFacts:
    """What a platform asks of a file."""
    tracks = case.film.tracks
    return FileFacts(
        size_bytes=case.film.path.stat().st_size,
        lasts_ms=max(tracks.video_ms, tracks.audio_ms),
        width_px=tracks.width_px,
        height_px=tracks.height_px,
        rate=tracks.frame_rate,
        index_first=tracks.index_first,
        edit_lists=has_edit_lists(case.film.path),
        file=case.meant.file,
    )


def _faults(tracks: Tracks, meant: Meant, lufs: float | None, peak: float | None) -> list[str]:
    faults = []
    planned = meant.timeline.count if meant.count is None else meant.count
    if meant.file.video and tracks.frames != planned:
        faults.append(f"video.frames: {tracks.frames} pictures instead of {planned}")
    if meant.file.video and meant.file.audio and abs(tracks.video_ms - tracks.audio_ms) > LENGTH_TOLERANCE_MS:
        faults.append(f"av.length: picture lasts {tracks.video_ms:.0f} ms, sound {tracks.audio_ms:.0f} ms")
    if lufs is not None and lufs > meant.limits.lufs.around + LOUDNESS_TOLERANCE_LU:
        faults.append(f"audio.loud: {lufs:.1f} LUFS")
    if peak is not None and peak > PEAK_LIMIT_DBTP:
        faults.append(f"audio.peak: {peak:.1f} dBTP")
    if tracks.index_first is False:
        faults.append("container.index_last: the file cannot be played while it loads")
    return faults
