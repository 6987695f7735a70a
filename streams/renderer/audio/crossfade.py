"""Joins the audio of an edited clip's pieces with cross-fades at the cuts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import ceil

import av
import numpy as np

from schemas.common import TimeRange, Value
from schemas.documents.edit import PlacedSegment
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import gather_audio
from streams.renderer.filter_graph import pull_frames

HALF_FADE_SAMPLES = RATE_HZ * 5 // 1000
"""Samples on each side of a cut: the cross-fade lasts 10 ms. A hard cut in mid-wave clicks."""
SAMPLES_PER_MS = RATE_HZ // 1000
MIN_ATEMPO, MAX_ATEMPO = 0.5, 2.0
"""Fastest speed of one ``atempo`` step: beyond it the filter drops samples."""
FILTER_MARGIN_MS = 100
"""Source audio read around a piece with changed speed: the filter's edge windows are incomplete."""
HALF_WINDOW_SAMPLES = 1024
"""Half of ``atempo``'s window at 48 kHz.

It aligns windows at their starts, so slowed audio comes early.
"""
ATEMPO_ADVANCE_SAMPLES = 6 * SAMPLES_PER_MS
"""Further advance of ``atempo`` at any speed: test beeps came 4 to 10 ms early at 0.25x to 4x."""
ReadAudio = Callable[[TimeRange], Iterable[tuple[int, av.AudioFrame]]]
"""Reads the audio frames of a source range, with their times in ms."""


class PieceSamples(Value, frozen=True, kw_only=True):
    """The output samples of one piece, with the margins that its cross-fades need."""

    piece: PlacedSegment
    start: int
    end: int
    fades_in: bool
    fades_out: bool

    @property
    def lead_samples(self) -> int:
        """Samples before its start."""
        return HALF_FADE_SAMPLES if self.fades_in else 0

    @property
    def tail_samples(self) -> int:
        """Samples after its end."""
        return HALF_FADE_SAMPLES if self.fades_out else 0

    @property
    def sample_count(self) -> int:
        """All samples, margins included."""
        return self.lead_samples + self.end - self.start + self.tail_samples


def join_pieces(played: Sequence[PlacedSegment], samples: int, read_audio: ReadAudio) -> Sound | None:
    """Place the pieces at their times in 48 kHz stereo of exactly ``samples``.

    None where no piece has audio.
    """
    total = np.zeros((samples, 2), np.float32)
    has_audio = False
    for piece_samples in lay_out_samples(played, samples):
        sound = None if piece_samples.piece.muted else _read_piece(piece_samples, read_audio)
        if sound is None:
            has_audio = has_audio or piece_samples.piece.muted
            continue
        has_audio = True
        start = piece_samples.start - piece_samples.lead_samples
        total[start : start + piece_samples.sample_count] += _fade_at_cuts(sound, piece_samples)
    return total if has_audio else None


def lay_out_samples(played: Sequence[PlacedSegment], samples: int) -> list[PieceSamples]:
    """Assign output samples to each piece; the last one takes the rest."""
    starts = [round(piece.output_start_ms * SAMPLES_PER_MS) for piece in played]
    ends = [*starts[1:], samples]
    last = len(played) - 1
    return [
        PieceSamples(piece=piece, start=start, end=end, fades_in=number > 0, fades_out=number < last)
        for number, (piece, start, end) in enumerate(zip(played, starts, ends, strict=True))
        if end > start
    ]


def _read_piece(piece_samples: PieceSamples, read_audio: ReadAudio) -> Sound | None:
    """Read exactly ``piece_samples.count`` samples; silent where the source has none."""
    piece, speed = piece_samples.piece, Fraction(piece_samples.piece.speed).limit_denominator(100_000)
    spare_ms = 0 if speed == 1 else FILTER_MARGIN_MS
    lead_ms = ceil(Fraction(piece_samples.lead_samples, SAMPLES_PER_MS) * speed) + spare_ms
    skipped = round(lead_ms * SAMPLES_PER_MS / speed) - piece_samples.lead_samples - atempo_advance(float(speed))
    source_samples = ceil((skipped + piece_samples.sample_count) * speed) + spare_ms * SAMPLES_PER_MS
    start_ms = piece.source.start_ms - lead_ms
    reach = TimeRange(start_ms=max(0, start_ms), end_ms=start_ms + round(Fraction(source_samples, SAMPLES_PER_MS)))
    sound = gather_audio(read_audio(reach), start_ms, source_samples)
    if sound is None:
        return None
    sound = sound if speed == 1 else change_speed(sound, float(speed))
    return fit_length(sound[skipped:], piece_samples.sample_count) * np.float32(10 ** (piece.gain_db / 20))


def fit_length(sound: Sound, count: int) -> Sound:
    """The first ``count`` samples, padded with silence."""
    return np.pad(sound[:count], ((0, max(0, count - len(sound))), (0, 0)))


def _fade_at_cuts(sound: Sound, piece_samples: PieceSamples) -> Sound:
    """Fade in and out around each cut, so that both sides add up to one."""
    ramp = ((np.arange(2 * HALF_FADE_SAMPLES, dtype=np.float32) + 0.5) / (2 * HALF_FADE_SAMPLES))[:, None]
    result, length = sound.copy(), min(2 * HALF_FADE_SAMPLES, len(sound))
    if piece_samples.fades_in:
        result[:length] *= ramp[:length]
    if piece_samples.fades_out:
        result[-length:] *= ramp[::-1][-length:]
    return result


def change_speed(sound: Sound, speed: float) -> Sound:
    """Play faster or slower at the same pitch."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="fltp", sample_rate=RATE_HZ, layout="stereo", time_base=Fraction(1, RATE_HZ))
    head = source
    for factor in atempo_factors(speed):
        following = graph.add("atempo", f"{factor:.6f}")
        head.link_to(following)
        head = following
    form = graph.add("aformat", f"sample_fmts=fltp:channel_layouts=stereo:sample_rates={RATE_HZ}")
    head.link_to(form)
    form.link_to(graph.add("abuffersink"))
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    graph.push(frame)
    graph.push(None)
    chunks = [frame.to_ndarray().T.astype(np.float32, copy=False) for frame in pull_frames(graph, av.AudioFrame)]
    return np.concatenate([np.zeros((0, 2), np.float32), *chunks])


def atempo_advance(speed: float) -> int:
    """Samples by which ``atempo`` runs ahead at this speed, over all its steps."""
    advance = 0.0
    for factor in atempo_factors(speed):
        advance = advance / factor + HALF_WINDOW_SAMPLES * max(0.0, 1 / factor - 1)
    return round(advance) + (ATEMPO_ADVANCE_SAMPLES if speed != 1 else 0)


def atempo_factors(speed: float) -> list[float]:
    """Steps that multiply to the speed, each within the filter's range."""
    steps: list[float] = []
    while not MIN_ATEMPO <= speed <= MAX_ATEMPO:
        step = MAX_ATEMPO if speed > MAX_ATEMPO else MIN_ATEMPO
        steps.append(step)
        speed /= step
    return [*steps, speed]
