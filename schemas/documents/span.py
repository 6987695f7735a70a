"""Results of one span: transcribed words, acoustics, sampled frames, shot changes. Pure data."""

from __future__ import annotations

from schemas.common import Doubt, Face, ObjectRef, TimeRange, Value, Word
from schemas.documents.acoustics import SpanSounds
from schemas.documents.diarization import VoiceWindows
from schemas.documents.scene import Person, TransitionKind

SCRIPT_MODEL = "script"
"""``model`` of a span whose words were not recognised: they are a script's, at the times at which they are shown."""


class HeardWindow(Value, frozen=True, kw_only=True):
    """The decoder's figures for one window of up to 30 s.

    ``log_probability``: mean a token (0 is best). ``compression``: how far gzip shrinks its text (repetition).
    ``no_speech``: probability of silence. ``again``: whether it was decoded a second time. ``agreement``: similarity of
    both decodings, 0..1. ``dropped``: rejected text. ``language``: language of the decoding. The last and ``agreement``
    are absent in older spans.
    """

    start_ms: int
    end_ms: int
    log_probability: float
    compression: float
    no_speech: float
    again: bool = False
    agreement: float | None = None
    dropped: str = ""
    language: str | None = None


class Rejected(Value, frozen=True, kw_only=True):
    """Recognised text that was rejected: it is in no caption, search or score."""

    start_ms: int
    end_ms: int
    text: str
    reasons: list[Doubt]
    """Why the text was rejected."""


class ScriptReport(Value, frozen=True, kw_only=True):
    """The share of a given script that was spoken.

    ``used`` is false if hardly any of it was: the script belongs to another recording, and the recognised words stay.
    """

    words: int
    """Number of words in the script."""
    heard: int
    """Words of the script that were recognised as written."""
    left_out: int
    """Words of the script that were not spoken."""
    used: bool = True
    """Whether the script replaced the recognised words."""


class Fit(Value, frozen=True, kw_only=True):
    """The fit of a run of words between two pauses to its sound, by forced alignment; project time.

    ``score``: log likelihood a frame (0 is best), absent if the words did not fit. ``moved_ms``: median distance from
    the recogniser's times. ``placed`` of ``words`` took the aligner's times.
    """

    start_ms: int
    end_ms: int
    words: int
    placed: int
    moved_ms: int
    score: float | None = None


class SpanTranslation(Value, frozen=True, kw_only=True):
    """A span in English: translated, or transcribed where English is spoken; project time.

    ``margin_words``: words of the padding. ``windows`` name the spoken language. ``missing``: ranges that could not be
    translated.
    """

    words: list[Word]
    margin_words: list[Word] = []
    windows: list[HeardWindow] = []
    missing: list[TimeRange] = []


class LoudnessCurve(Value, frozen=True, kw_only=True):
    """RMS level in dBFS (floor -100), one number a ``step_ms`` from ``start_ms``."""

    start_ms: int
    step_ms: int
    level_db: list[float]


class HeardSpan(Value, frozen=True, kw_only=True):
    """The result of listen for one span; words in project time, cut to ``range``."""

    ordinal: int
    range: TimeRange
    language: str | None
    language_probability: float
    words: list[Word]
    speech: list[TimeRange]
    loudness: LoudnessCurve
    model: str
    compute_ms: int
    margin_words: list[Word] = []
    """Words of the padding around ``range``: close chooses between them and the neighbour's."""
    voices: VoiceWindows | None = None
    """Absent without speech, or if the voice model was unavailable."""
    warnings: list[str] = []
    """Missing parts, each as a sentence."""
    sounds: SpanSounds | None = None
    """Absent without sound, or if it could not be measured."""
    fits: list[Fit] = []
    """Alignment of runs of words, padding included; empty if no aligner supports the language."""
    aligner: str = ""
    """The aligner that refined the word times; empty without one."""
    not_aligned: str = ""
    """Why the aligner failed although it supports the language."""
    windows: list[HeardWindow] = []
    """The decoder's figures, window by window, padding included."""
    translation: SpanTranslation | None = None
    """The span in English, if requested and not all of it is English."""


class SeenPicture(Value, frozen=True, kw_only=True):
    """One sample: mean luma 0..255, difference to the previous sample 0..1, faces in display pixels."""

    at_ms: int
    brightness: float
    difference: float
    faces: list[Face]
    persons: list[Person] = []
    """Detected only if no face was found."""
    screen: float | None = None
    """Probability that it shows a screen or a slide, 0..1; null if not measured."""


class ShotChange(Value, frozen=True, kw_only=True):
    """A change of shot between two samples, somewhere in ``(after_ms, at_ms]``.

    ``exact``: every frame between was examined; the new shot begins at ``at_ms``, by a transition of ``kind``.
    """

    at_ms: int
    after_ms: int
    strength: float
    kind: TransitionKind | None = None
    exact: bool = False


class SeenSpan(Value, frozen=True, kw_only=True):
    """The result of look for one span."""

    ordinal: int
    range: TimeRange
    pictures: list[SeenPicture]
    shots: list[ShotChange]
    thumbnails: list[Thumbnail]
    model: str
    compute_ms: int
    not_looked_at: list[TimeRange] = []
    """Ranges with a change of shot that were not examined frame by frame."""


class Thumbnail(Value, frozen=True, kw_only=True):
    """A small JPEG of one source frame."""

    at_ms: int
    image: ObjectRef
