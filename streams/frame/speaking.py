"""Which of the faces on screen speaks, from the movement of mouths and the level of the sound together. Pure.

A mouth that moves while nobody is heard says nothing; of several that move, the one that moves with the sound speaks.
What no face explains is nobody's: the voice of somebody off screen is given to no one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.documents import FaceTrack
from schemas.faces import Mouth, SpeakingTurn, VoiceCurve
from schemas.media import TimeRange
from streams.frame.mouths import BRIDGED_MS, box_at

Floats = NDArray[np.float64]

STEP_MS = 80
ENERGY_MS = 960
"""Window in which the movement of a mouth is measured: a few syllables."""
CHANGE_MS, OPEN_MS = 2_000, 3_040
"""Windows in which lips are compared with the changes of the sound, and their opening with its level."""
LEAST = 3e-4
"""Movement below this (in face heights a look) is the noise of the points."""
SPEAKS = 0.0012
"""Movement of a mouth that may be speaking; frozen faces have a tenth of it, some speakers but three times as much."""
ENOUGH = 0.7
"""More movement than this (natural logarithm, over ``SPEAKS``) says no more: some mumble, some grin."""
STIR_WEIGHT, GAPE_WEIGHT = 0.65, 0.5
CHANGE_WEIGHT, OPEN_WEIGHT, LEVEL_WEIGHT = 2.0, 1.8, 1.2
"""Of the five kinds of evidence; by logistic regression on made scenes (benchmarks.active_speaker, seeds 1 and 3)."""
SWITCH_COST = 4.0
"""Evidence that a change of speaker needs, added up over its steps."""
PAUSE_MS = 640
"""Shorter pauses are part of speech, for syllables are not all loud."""
LOUD_DB = 12.0
"""Over the quietest tenth of the sound: somebody may be speaking, where no voice detector was asked."""


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One face on the steps of a shot: ``opening`` and ``stir`` (n,), NaN where it was not seen."""

    track: int
    opening: Floats
    stir: Floats


def of_track(mouths: Sequence[Mouth], tracks: Sequence[FaceTrack]) -> dict[int, list[Mouth]]:
    """The mouths of each track: at its times, and in its box."""
    found: dict[int, list[Mouth]] = {track.track: [] for track in tracks}
    for mouth in mouths:
        near: tuple[float, int] | None = None
        for track in tracks:
            if not track.samples or not track.samples[0].at_ms <= mouth.at_ms <= track.samples[-1].at_ms:
                continue
            box = box_at(track, mouth.at_ms)
            if box is None:
                continue
            away_x = abs(mouth.x - box.x - box.width / 2) / max(1.0, box.width)
            away_y = abs(mouth.y - box.y - box.height / 2) / max(1.0, box.height)
            away = max(away_x, away_y)
            if away < 0.5 and (near is None or away < near[0]):
                near = away, track.track
        if near is not None:
            found[near[1]].append(mouth)
    return found


def _on_steps(steps: Floats, mouths: Sequence[Mouth], track: int) -> _Seen:
    times = np.array([mouth.at_ms for mouth in mouths], np.float64)
    after = np.clip(np.searchsorted(times, steps), 0, len(times) - 1)
    before = np.clip(after - 1, 0, len(times) - 1)
    away = np.minimum(np.abs(times[after] - steps), np.abs(times[before] - steps))
    gone = away > BRIDGED_MS / 2

    def column(name: str) -> Floats:
        values = np.interp(steps, times, np.array([getattr(mouth, name) for mouth in mouths], np.float64))
        values[gone] = np.nan
        return values

    return _Seen(track=track, opening=column("opening"), stir=column("stir"))


def _sums(values: Floats, length: int) -> Floats:
    """Sums over ``length`` steps around each, shape as given, however few there are."""
    before = length // 2
    padded = np.r_[0.0, np.cumsum(np.pad(values, (before, length - before)))]
    sums: Floats = padded[length : length + len(values)] - padded[: len(values)]
    return sums


def _smoothed(values: Floats, length: int) -> Floats:
    """Mean over ``length`` steps around each, leaving out what was not seen; NaN where nothing was."""
    known = np.isfinite(values)
    total, count = _sums(np.where(known, values, 0.0), length), _sums(known.astype(np.float64), length)
    return np.where(count > 0, total / np.maximum(count, 1e-9), np.nan)


def level_on(steps: Floats, voice: VoiceCurve) -> Floats:
    """The sound on the steps: 0 at its quietest tenth, 1 at 25 dB over that."""
    times = voice.start_ms + voice.step_ms * (np.arange(len(voice.level_db)) + 0.5)
    level = np.interp(steps, times, voice.level_db)
    return np.clip((level - np.percentile(voice.level_db, 10)) / 25.0, 0.0, 1.6)


def together(values: Floats, sound: Floats, length: int, lead: int = 0) -> Floats:
    """Correlation -1..1 of a mouth and the sound over ``length`` steps around each; lips ``lead`` steps ahead of it."""
    ahead = np.roll(values, lead)
    both = np.isfinite(ahead)
    lips, heard = np.where(both, ahead, np.nan), np.where(both, sound, np.nan)
    mean_l, mean_h = _smoothed(lips, length), _smoothed(heard, length)
    shared = _smoothed(lips * heard, length) - mean_l * mean_h
    spread = (_smoothed(lips * lips, length) - mean_l**2) * (_smoothed(heard * heard, length) - mean_h**2)
    return np.nan_to_num(shared / np.sqrt(np.maximum(spread, 1e-12)))


def evidence(seen: _Seen, sound: Floats) -> Floats:
    """How much speaks for this face at each step, over nobody on screen; -inf where it was not seen.

    Lips of one who speaks move, open and close, move when the sound changes, and are open when it is loud.
    """
    length = ENERGY_MS // STEP_MS
    gape = np.abs(np.gradient(seen.opening)) if len(seen.opening) > 1 else seen.opening
    change = np.abs(np.gradient(sound)) if len(sound) > 1 else sound
    stir, moved = _smoothed(seen.stir, length), np.log(seen.stir + 1e-3)
    score = STIR_WEIGHT * np.minimum(ENOUGH, np.log((stir + LEAST) / (SPEAKS + LEAST)))
    score += GAPE_WEIGHT * np.minimum(ENOUGH, np.log((_smoothed(gape, length) + LEAST) / (SPEAKS + LEAST)))
    changes = [together(moved, change, CHANGE_MS // STEP_MS, lead) for lead in (-1, 0, 1)]
    opens = [together(seen.opening, sound, OPEN_MS // STEP_MS, lead) for lead in (1, 2)]
    score += CHANGE_WEIGHT * np.mean(changes, axis=0) + OPEN_WEIGHT * np.mean(opens, axis=0)
    score += LEVEL_WEIGHT * together(moved, sound, CHANGE_MS // STEP_MS)
    return np.where(np.isfinite(stir) & np.isfinite(score), score, -np.inf)


def best_path(scores: Floats, switch_cost: float) -> NDArray[np.intp]:
    """The most likely speaker of each step, shape (n,), from scores (n, speakers): Viterbi with a price for changes."""
    count, speakers = scores.shape
    total, came = np.zeros((count, speakers)), np.zeros((count, speakers), np.intp)
    floor = np.maximum(scores, -1e3)
    total[0] = floor[0]
    for step in range(1, count):
        stay, leave = total[step - 1], total[step - 1].max() - switch_cost
        came[step] = np.where(stay >= leave, np.arange(speakers), int(np.argmax(total[step - 1])))
        total[step] = np.maximum(stay, leave) + floor[step]
    path = np.zeros(count, np.intp)
    path[-1] = int(np.argmax(total[-1]))
    for step in range(count - 1, 0, -1):
        path[step - 1] = came[step][path[step]]
    return path


def spoken(steps: Floats, voice: VoiceCurve, speech: Sequence[TimeRange] | None) -> NDArray[np.bool_]:
    """The steps at which somebody is heard: by the voice detector, else by the level."""
    if speech is not None:
        return np.array([any(part.start_ms <= at < part.end_ms for part in speech) for at in steps], bool)
    times = voice.start_ms + voice.step_ms * (np.arange(len(voice.level_db)) + 0.5)
    level = np.interp(steps, times, voice.level_db)
    loud = level > np.percentile(voice.level_db, 10) + LOUD_DB
    reach = PAUSE_MS // STEP_MS // 2
    return _sums(loud.astype(np.float64), 2 * reach + 1) > 0.5


def turns_in(
    shot: TimeRange, mouths: Mapping[int, Sequence[Mouth]], voice: VoiceCurve, speech: Sequence[TimeRange] | None
) -> list[SpeakingTurn]:
    """Who speaks when in one shot; ``mouths`` by track."""
    steps = np.arange(shot.start_ms, shot.end_ms, STEP_MS, dtype=np.float64)
    faces = [_on_steps(steps, seen, track) for track, seen in sorted(mouths.items()) if len(seen) >= 3]
    if not faces or not len(steps) or not voice.level_db:
        return []
    heard, sound = spoken(steps, voice, speech), level_on(steps, voice)
    scores = np.stack([np.zeros(len(steps)), *(evidence(face, sound) for face in faces)], axis=1)
    scores[~heard] = np.where(np.isfinite(scores[~heard]), 0.0, scores[~heard])
    path = np.where(heard, best_path(scores, SWITCH_COST), 0)
    turns, place = [], 0
    for who, run in groupby(path.tolist()):
        length = len(list(run))
        if who:
            others = np.delete(scores[place : place + length], who, axis=1).max(axis=1)
            margin = float(np.mean(np.maximum(-20.0, scores[place : place + length, who] - others)))
            time = TimeRange(start_ms=int(steps[place]), end_ms=min(shot.end_ms, int(steps[place]) + length * STEP_MS))
            confidence = round(1.0 / (1.0 + float(np.exp(-margin))), 3)
            turns.append(SpeakingTurn(track=faces[who - 1].track, range=time, confidence=confidence))
        place += length
    return turns


def who_speaks(
    tracks: Sequence[FaceTrack],
    shots: Sequence[TimeRange],
    mouths: Sequence[Mouth],
    voice: VoiceCurve | None,
    speech: Sequence[TimeRange] | None,
) -> list[SpeakingTurn]:
    """Turns of all shots, in order; none without sound. ``speech``: where voices were detected, None if unknown."""
    if voice is None or not voice.level_db:
        return []
    found = []
    by_track = of_track(mouths, tracks)
    for number, shot in enumerate(shots):
        here = {track.track: by_track[track.track] for track in tracks if track.shot == number}
        found += turns_in(shot, here, voice, speech)
    return found
