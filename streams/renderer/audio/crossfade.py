"""The sound of an edited clip: its pieces one after the other, cross-faded where they meet. Opens no media itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import ceil

import av
import numpy as np

from schemas.common import TimeRange, Value
from schemas.documents.edit import Piece
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.soundtrack import gather

HALF_FADE = RATE_HZ * 5 // 1000
"""Samples on each side of a cut: the cross-fade lasts 10 ms. A hard cut in mid-wave clicks."""
PER_MS = RATE_HZ // 1000
LOWEST, HIGHEST = 0.5, 2.0
"""What ``atempo`` does well in one step: beyond twice the speed it leaves samples out."""
SPARE_MS = 100
"""Of source around a piece whose speed is changed: the filter's first and last windows are not whole."""
HALF_WINDOW = 1024
"""Of the filter at this rate: it lines its windows up at their starts, so what is slowed down comes early."""
ALWAYS_EARLY = 6 * PER_MS
"""And by so much at any speed: beeps came 4 to 10 ms early from a quarter of the speed to four times it."""
Hear = Callable[[TimeRange], Iterable[tuple[int, av.AudioFrame]]]


class Wanted(Value, frozen=True, kw_only=True):
    """The samples of one piece on the output's clock, with what its cross-fades need before and after it."""

    piece: Piece
    start: int
    end: int
    fades_in: bool
    fades_out: bool

    @property
    def lead(self) -> int:
        """Samples before its start."""
        return HALF_FADE if self.fades_in else 0

    @property
    def tail(self) -> int:
        """Samples after its end."""
        return HALF_FADE if self.fades_out else 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.lead + self.end - self.start + self.tail


def joined(played: Sequence[Piece], samples: int, hear: Hear) -> Sound | None:
    """48 kHz stereo of exactly ``samples``: the pieces at their times. None when nothing was heard in any of them."""
    total = np.zeros((samples, 2), np.float32)
    heard = False
    for wanted in layout(played, samples):
        sound = None if wanted.piece.muted else _sound(wanted, hear)
        if sound is None:
            heard = heard or wanted.piece.muted
            continue
        heard = True
        start = wanted.start - wanted.lead
        total[start : start + wanted.count] += _faded(sound, wanted)
    return total if heard else None


def layout(played: Sequence[Piece], samples: int) -> list[Wanted]:
    """Which samples each piece fills; the last one all that are left."""
    starts = [round(piece.output_start_ms * PER_MS) for piece in played]
    ends = [*starts[1:], samples]
    last = len(played) - 1
    return [
        Wanted(piece=piece, start=start, end=end, fades_in=number > 0, fades_out=number < last)
        for number, (piece, start, end) in enumerate(zip(played, starts, ends, strict=True))
        if end > start
    ]


def _sound(wanted: Wanted, hear: Hear) -> Sound | None:
    """Exactly ``wanted.count`` samples; silent where the source has none."""
    piece, speed = wanted.piece, Fraction(wanted.piece.speed).limit_denominator(100_000)
    spare_ms = 0 if speed == 1 else SPARE_MS
    lead_ms = ceil(Fraction(wanted.lead, PER_MS) * speed) + spare_ms
    skipped = round(lead_ms * PER_MS / speed) - wanted.lead - early(float(speed))
    needed = ceil((skipped + wanted.count) * speed) + spare_ms * PER_MS
    start_ms = piece.source.start_ms - lead_ms
    reach = TimeRange(start_ms=max(0, start_ms), end_ms=start_ms + round(Fraction(needed, PER_MS)))
    sound = gather(hear(reach), start_ms, needed)
    if sound is None:
        return None
    sound = sound if speed == 1 else retimed(sound, float(speed))
    return exactly(sound[skipped:], wanted.count) * np.float32(10 ** (piece.gain_db / 20))


def exactly(sound: Sound, count: int) -> Sound:
    """So many samples of it, silence behind them where it is too short."""
    return np.pad(sound[:count], ((0, max(0, count - len(sound))), (0, 0)))


def _faded(sound: Sound, wanted: Wanted) -> Sound:
    """Coming and going around each cut, so that both sides add up to one."""
    ramp = ((np.arange(2 * HALF_FADE, dtype=np.float32) + 0.5) / (2 * HALF_FADE))[:, None]
    result, length = sound.copy(), min(2 * HALF_FADE, len(sound))
    if wanted.fades_in:
        result[:length] *= ramp[:length]
    if wanted.fades_out:
        result[-length:] *= ramp[::-1][-length:]
    return result


def retimed(sound: Sound, speed: float) -> Sound:
    """The same sound faster or slower, at the same pitch."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="fltp", sample_rate=RATE_HZ, layout="stereo", time_base=Fraction(1, RATE_HZ))
    head = source
    for factor in factors(speed):
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
    return np.concatenate([np.zeros((0, 2), np.float32), *_pulled(graph)])


def _pulled(graph: av.filter.Graph) -> list[Sound]:
    found: list[Sound] = []
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        assert isinstance(frame, av.AudioFrame)
        found.append(frame.to_ndarray().T.astype(np.float32, copy=False))


def early(speed: float) -> int:
    """Samples by which the filter is ahead at this speed, over all its steps."""
    ahead = 0.0
    for factor in factors(speed):
        ahead = ahead / factor + HALF_WINDOW * max(0.0, 1 / factor - 1)
    return round(ahead) + (ALWAYS_EARLY if speed != 1 else 0)


def factors(speed: float) -> list[float]:
    """Steps that multiply to the speed, none of them beyond what the filter does well."""
    steps: list[float] = []
    while not LOWEST <= speed <= HIGHEST:
        step = HIGHEST if speed > HIGHEST else LOWEST
        steps.append(step)
        speed /= step
    return [*steps, speed]
