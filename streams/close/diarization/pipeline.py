"""Voices of all spans → who speaks: turns, words, segments of the transcript. Pure; changes no word's text or time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.transcripts.speaker_turns import united
from core.ports.models import Float32
from schemas.common import Segment, TimeRange, Word
from schemas.documents.diarization import Diarization, Speaker, Turn, VoiceWindows
from schemas.documents.span import HeardSpan
from schemas.documents.transcript import Transcript
from streams.close.diarization.clustering import Found, Labels, find_speakers
from streams.close.diarization.resegmentation import retold
from streams.close.diarization.self_introductions import introduced
from streams.close.diarization.turns import Steps, steps_of, turns
from streams.close.transcript.segments import segments
from streams.speech.frames import SpeechFrames, TimesMs
from streams.speech.languages import languages_by_segment

CLEAR = 0.05
"""A window is clearly a speaker's where it is this much nearer to them, in cosine, than to any other."""
BOTH, MIXED = 0.05, 0.03
"""It sounds like two where they are nearer to each other than this, and their mixture is nearer than either by that."""
NEAREST_MS = 1_000
"""A word outside of all speech is said by whoever speaks within this time of it."""


def with_speakers(
    transcript: Transcript, spans: Sequence[HeardSpan], vectors: Sequence[Float32], frames: SpeechFrames | None = None
) -> Transcript:
    """The transcript with its speakers; as it was where no voice was heard.

    ``spans`` in order of time, ``vectors`` those of each span that has voices, in the same order. ``frames`` are what
    the spans sound like, where that is known.
    """
    heard = [span.voices for span in spans if span.voices is not None]
    if not heard:
        return transcript
    rows = np.concatenate(vectors)
    sounding = np.linalg.norm(rows, axis=1) > 0
    starts_ms = np.array([at for one in heard for at in one.starts_ms], dtype=np.int64)[sounding]
    ends_ms = np.array([at for one in heard for at in one.ends_ms], dtype=np.int64)[sounding]
    rows = rows[sounding]
    if not len(rows):
        return transcript
    found = find_speakers(rows, starts_ms, ends_ms)
    spoken = [phrase for one in heard for phrase in one.phrases]
    steps = steps_of(found, rows, starts_ms, ends_ms, speech=_voiced(transcript, heard), phrases=spoken)
    if frames is not None:
        steps = retold(steps, frames)
    said = turns(steps)
    names = _names([owner for _, owner in said])
    words = _owned(transcript.words, steps, names)
    parted = _judged(
        transcript.segments, segments(words, transcript.language, languages_by_segment(transcript.segments, len(words)))
    )
    told = Diarization(
        speakers=introduced(_speakers(said, names, _clear_shares(found, rows)), words, parted),
        turns=[Turn(start_ms=one.start_ms, end_ms=one.end_ms, speaker=names[owner]) for one, owner in said],
        overlaps=_overlaps(found, rows, starts_ms, ends_ms),
        model=heard[0].model,
    )
    return msgspec.structs.replace(transcript, words=words, segments=parted, diarization=told)


def _judged(before: Sequence[Segment], parted: Sequence[Segment]) -> list[Segment]:
    """Segments parted anew, each with the verdict and the doubts of those that held its words before."""
    found: list[Segment] = []
    for one in parted:
        held = [old for old in before if old.first_word < one.end_word and one.first_word < old.end_word]
        doubts = list(dict.fromkeys(doubt for old in held for doubt in old.doubts))
        trust = "doubtful" if any(old.trust == "doubtful" for old in held) else held[0].trust if held else None
        found.append(msgspec.structs.replace(one, trust=trust, doubts=doubts))
    return found


def _voiced(transcript: Transcript, heard: Sequence[VoiceWindows]) -> list[TimeRange]:
    """Where somebody may speak; the speech of the words where spans do not say."""
    if not all(one.voiced for one in heard):
        return transcript.speech
    places = united((stretch.start_ms, stretch.end_ms) for one in heard for stretch in one.voiced)
    return [TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in places]


def _names(owners: Sequence[int]) -> dict[int, str]:
    """S1, S2 … in order of appearance."""
    return {owner: f"S{number}" for number, owner in enumerate(dict.fromkeys(owners), start=1)}


def _owned(words: Sequence[Word], steps: Steps, names: dict[int, str]) -> list[Word]:
    """Words with whoever speaks in most of their time; those in no speech with the nearest, if near."""
    first = np.searchsorted(steps.ends_ms, [word.start_ms for word in words], side="right")
    end = np.searchsorted(steps.starts_ms, [word.end_ms for word in words], side="left")
    owned = []
    for word, begins, ends in zip(words, first.tolist(), end.tolist(), strict=True):
        owner = int(np.bincount(steps.owner[begins:ends]).argmax()) if ends > begins else _nearest(word, steps, begins)
        owned.append(msgspec.structs.replace(word, speaker=None if owner is None else names[owner]))
    return owned


def _nearest(word: Word, steps: Steps, at: int) -> int | None:
    """Whose the last step before or the first step after a word is, whichever is nearer."""
    after_ms = int(steps.starts_ms[at]) - word.end_ms if at < len(steps.owner) else NEAREST_MS + 1
    before_ms = word.start_ms - int(steps.ends_ms[at - 1]) if at else NEAREST_MS + 1
    if min(after_ms, before_ms) > NEAREST_MS:
        return None
    return int(steps.owner[at] if after_ms < before_ms else steps.owner[at - 1])


def _speakers(
    said: Sequence[tuple[TimeRange, int]], names: dict[int, str], clear: NDArray[np.float64] | None
) -> list[Speaker]:
    return [
        Speaker(
            id=name,
            speech_ms=sum(one.length_ms for one, other in said if other == owner),
            turns=sum(other == owner for _, other in said),
            confidence=None if clear is None else round(float(clear[owner]), 3),
        )
        for owner, name in names.items()
    ]


def _clear_shares(found: Found, rows: Float32) -> NDArray[np.float64] | None:
    """For each speaker the share of their windows that are clearly theirs; None where there is one speaker."""
    count = len(found.centres)
    if count == 1:
        return None
    near = rows @ found.centres.T
    own = near[np.arange(len(rows)), found.owner]
    near[np.arange(len(rows)), found.owner] = -np.inf
    clear = own - near.max(axis=1) >= CLEAR
    shares: NDArray[np.float64] = np.bincount(found.owner[clear], minlength=count) / np.maximum(
        1, np.bincount(found.owner, minlength=count)
    )
    return shares


def _overlaps(found: Found, rows: Float32, starts_ms: TimesMs, ends_ms: TimesMs) -> list[TimeRange]:
    """The middle halves of windows that sound like two, joined where they touch."""
    if len(found.centres) == 1:
        return []
    near = rows @ found.centres.T
    order: Labels = np.argsort(-near, axis=1)[:, :2]
    each = np.arange(len(rows))
    first, second = near[each, order[:, 0]], near[each, order[:, 1]]
    mixtures = found.centres[order[:, 0]] + found.centres[order[:, 1]]
    mixed = (rows * mixtures).sum(axis=1) / np.linalg.norm(mixtures, axis=1)
    joined: list[TimeRange] = []
    for at in np.flatnonzero((first - second < BOTH) & (mixed - first > MIXED)):
        quarter_ms = int(ends_ms[at] - starts_ms[at]) // 4
        one = TimeRange(start_ms=int(starts_ms[at]) + quarter_ms, end_ms=int(ends_ms[at]) - quarter_ms)
        if joined and one.start_ms <= joined[-1].end_ms:
            joined[-1] = TimeRange(start_ms=joined[-1].start_ms, end_ms=one.end_ms)
        else:
            joined.append(one)
    return joined
