"""Diarization: voices of all spans to speaker turns, words and segments. Pure; keeps texts and times."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.time_ranges import merge_intervals
from core.ports.models import Float32
from schemas.common import Segment, TimeRange, Word
from schemas.documents.diarization import Diarization, Speaker, Turn, VoiceWindows
from schemas.documents.span import HeardSpan
from schemas.documents.transcript import Transcript
from streams.close.diarization.clustering import SpeakerClusters, SpeakerLabels, find_speakers
from streams.close.diarization.resegmentation import resegment
from streams.close.diarization.self_introductions import name_speakers
from streams.close.diarization.turns import SpeechSteps, assign_steps, join_turns
from streams.close.transcript.segments import split_segments
from streams.speech.frames import SpeechFrames, TimesMs
from streams.speech.languages import languages_by_segment

MIN_CLEAR_MARGIN = 0.05
"""Cosine by which a window must be nearer to its speaker than to any other to be clearly theirs."""
MAX_MIXED_MARGIN = 0.05
"""Two speakers may overlap in a window that is nearer to one than to the other by less than this cosine."""
MIN_MIXTURE_GAIN = 0.03
"""Cosine by which the mixture of both speakers must be nearer than either."""
MAX_WORD_DISTANCE_MS = 1_000
"""A word outside all speech belongs to the speaker within this time of it."""


def add_speakers(
    transcript: Transcript, spans: Sequence[HeardSpan], vectors: Sequence[Float32], frames: SpeechFrames | None = None
) -> Transcript:
    """Add speakers to the transcript; unchanged where no voice was heard.

    ``spans`` in order of time, ``vectors`` those of each span that has voices, in the same order; ``frames`` the
    MFCC frames, where there are some.
    """
    voice_windows = [span.voices for span in spans if span.voices is not None]
    if not voice_windows:
        return transcript
    rows = np.concatenate(vectors)
    has_voice = np.linalg.norm(rows, axis=1) > 0
    starts_ms = np.array([at for windows in voice_windows for at in windows.starts_ms], dtype=np.int64)[has_voice]
    ends_ms = np.array([at for windows in voice_windows for at in windows.ends_ms], dtype=np.int64)[has_voice]
    rows = rows[has_voice]
    if not len(rows):
        return transcript
    clusters = find_speakers(rows, starts_ms, ends_ms)
    phrases = [phrase for windows in voice_windows for phrase in windows.phrases]
    speech_steps = assign_steps(
        clusters, rows, starts_ms, ends_ms, speech=_merge_voiced(transcript, voice_windows), phrases=phrases
    )
    if frames is not None:
        speech_steps = resegment(speech_steps, frames)
    speaker_runs = join_turns(speech_steps)
    names = _name_speakers([owner for _, owner in speaker_runs])
    words = _assign_words(transcript.words, speech_steps, names)
    segments = _copy_confidence(
        transcript.segments,
        split_segments(words, transcript.language, languages_by_segment(transcript.segments, len(words))),
    )
    diarization = Diarization(
        speakers=name_speakers(_build_speakers(speaker_runs, names, _clear_ratios(clusters, rows)), words, segments),
        turns=[
            Turn(start_ms=windows.start_ms, end_ms=windows.end_ms, speaker=names[owner])
            for windows, owner in speaker_runs
        ],
        overlaps=_find_overlaps(clusters, rows, starts_ms, ends_ms),
        model=voice_windows[0].model,
    )
    return msgspec.structs.replace(transcript, words=words, segments=segments, diarization=diarization)


def _copy_confidence(old_segments: Sequence[Segment], segments: Sequence[Segment]) -> list[Segment]:
    """Copy confidence and doubts to new segments from the old ones that held their words."""
    judged_segments: list[Segment] = []
    for segment in segments:
        overlapping = [
            old for old in old_segments if old.first_word < segment.end_word and segment.first_word < old.end_word
        ]
        doubts = list(dict.fromkeys(doubt for old in overlapping for doubt in old.doubts))
        trust = (
            "doubtful"
            if any(old.trust == "doubtful" for old in overlapping)
            else overlapping[0].trust
            if overlapping
            else None
        )
        judged_segments.append(msgspec.structs.replace(segment, trust=trust, doubts=doubts))
    return judged_segments


def _merge_voiced(transcript: Transcript, voice_windows: Sequence[VoiceWindows]) -> list[TimeRange]:
    """Merge where somebody may speak; the transcript's speech where a span does not say."""
    if not all(windows.voiced for windows in voice_windows):
        return transcript.speech
    places = merge_intervals((time.start_ms, time.end_ms) for windows in voice_windows for time in windows.voiced)
    return [TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in places]


def _name_speakers(labels: Sequence[int]) -> dict[int, str]:
    """Name speakers S1, S2 … in order of appearance."""
    return {label: f"S{number}" for number, label in enumerate(dict.fromkeys(labels), start=1)}


def _assign_words(words: Sequence[Word], speech_steps: SpeechSteps, names: dict[int, str]) -> list[Word]:
    """Assign each word to the speaker of most of its time; outside of speech to the nearest, if near."""
    first_steps = np.searchsorted(speech_steps.ends_ms, [word.start_ms for word in words], side="right")
    end_steps = np.searchsorted(speech_steps.starts_ms, [word.end_ms for word in words], side="left")
    assigned_words = []
    for word, first_step, end_step in zip(words, first_steps.tolist(), end_steps.tolist(), strict=True):
        label = (
            int(np.bincount(speech_steps.labels[first_step:end_step]).argmax())
            if end_step > first_step
            else _nearest_speaker(word, speech_steps, first_step)
        )
        assigned_words.append(msgspec.structs.replace(word, speaker=None if label is None else names[label]))
    return assigned_words


def _nearest_speaker(word: Word, speech_steps: SpeechSteps, at: int) -> int | None:
    """Return the speaker of the nearer of the steps before and after a word."""
    after_ms = (
        int(speech_steps.starts_ms[at]) - word.end_ms if at < len(speech_steps.labels) else MAX_WORD_DISTANCE_MS + 1
    )
    before_ms = word.start_ms - int(speech_steps.ends_ms[at - 1]) if at else MAX_WORD_DISTANCE_MS + 1
    if min(after_ms, before_ms) > MAX_WORD_DISTANCE_MS:
        return None
    return int(speech_steps.labels[at] if after_ms < before_ms else speech_steps.labels[at - 1])


def _build_speakers(
    speaker_runs: Sequence[tuple[TimeRange, int]], names: dict[int, str], clear_ratios: NDArray[np.float64] | None
) -> list[Speaker]:
    """Build the speakers' documents: speech, turns, confidence."""
    return [
        Speaker(
            id=name,
            speech_ms=sum(time_range.length_ms for time_range, run_label in speaker_runs if run_label == label),
            turns=sum(run_label == label for _, run_label in speaker_runs),
            confidence=None if clear_ratios is None else round(float(clear_ratios[label]), 3),
        )
        for label, name in names.items()
    ]


def _clear_ratios(clusters: SpeakerClusters, rows: Float32) -> NDArray[np.float64] | None:
    """Return the share of each speaker's windows that are clearly theirs; None with one speaker."""
    count = len(clusters.centres)
    if count == 1:
        return None
    similarity = rows @ clusters.centres.T
    own_similarity = similarity[np.arange(len(rows)), clusters.labels]
    similarity[np.arange(len(rows)), clusters.labels] = -np.inf
    is_clear = own_similarity - similarity.max(axis=1) >= MIN_CLEAR_MARGIN
    ratios: NDArray[np.float64] = np.bincount(clusters.labels[is_clear], minlength=count) / np.maximum(
        1, np.bincount(clusters.labels, minlength=count)
    )
    return ratios


def _find_overlaps(clusters: SpeakerClusters, rows: Float32, starts_ms: TimesMs, ends_ms: TimesMs) -> list[TimeRange]:
    """Return the middle halves of windows that sound like two speakers, joined where they touch."""
    if len(clusters.centres) == 1:
        return []
    similarity = rows @ clusters.centres.T
    nearest_two: SpeakerLabels = np.argsort(-similarity, axis=1)[:, :2]
    row_numbers = np.arange(len(rows))
    nearest, second_nearest = similarity[row_numbers, nearest_two[:, 0]], similarity[row_numbers, nearest_two[:, 1]]
    mixtures = clusters.centres[nearest_two[:, 0]] + clusters.centres[nearest_two[:, 1]]
    mixture_similarity = (rows * mixtures).sum(axis=1) / np.linalg.norm(mixtures, axis=1)
    overlaps: list[TimeRange] = []
    for index in np.flatnonzero(
        (nearest - second_nearest < MAX_MIXED_MARGIN) & (mixture_similarity - nearest > MIN_MIXTURE_GAIN)
    ):
        quarter_ms = int(ends_ms[index] - starts_ms[index]) // 4
        overlap = TimeRange(start_ms=int(starts_ms[index]) + quarter_ms, end_ms=int(ends_ms[index]) - quarter_ms)
        if overlaps and overlap.start_ms <= overlaps[-1].end_ms:
            overlaps[-1] = TimeRange(start_ms=overlaps[-1].start_ms, end_ms=overlap.end_ms)
        else:
            overlaps.append(overlap)
    return overlaps
