"""What was heard and seen in one span: recognised words, loudness, sampled frames, shot changes. Pure data."""

from __future__ import annotations

from schemas.common import Doubt, Face, ObjectRef, TimeRange, Value, Word
from schemas.documents.acoustics import SpanSounds
from schemas.documents.diarization import VoiceWindows
from schemas.documents.scene import Person, TransitionKind


class HeardWindow(Value, frozen=True, kw_only=True):
    """What the decoder thought of one window of up to 30 s that it heard at once.

    ``log_probability`` is the mean a token (0 best), ``compression`` how far its text shrinks (repetition),
    ``no_speech`` its belief in silence; ``again``: only the careful decoder could read it; ``agreement``: how much of
    both readings is the same then, 0..1; ``dropped``: the text that was not believed, if any; ``language``: that it was
    heard in. The last and ``agreement`` are absent in spans heard before they were kept.
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
    """A text that was recognised and is not believed. It is in no caption, no search and no score."""

    start_ms: int
    end_ms: int
    text: str
    reasons: list[Doubt]
    """Why the text is not believed."""


class ScriptReport(Value, frozen=True, kw_only=True):
    """How much of a given script was said: its words, those heard as they are written, those left out.

    ``used`` is false where hardly any of it is said: the script is of something else, and the recognised words stay.
    """

    words: int
    """Number of words in the script."""
    heard: int
    """Words of the script that were recognised as written."""
    left_out: int
    """Words of the script that were not said."""
    used: bool = True
    """Whether the script replaced the recognised words."""


class Fit(Value, frozen=True, kw_only=True):
    """How a run of words between two pauses sits on its sound, as the aligner found it; ms of project time.

    ``score`` is a log likelihood a frame (0 best), absent where the words did not fit at all; ``moved_ms`` is the
    median way from the recogniser's time; ``placed`` of ``words`` took the aligner's time.
    """

    start_ms: int
    end_ms: int
    words: int
    placed: int
    moved_ms: int
    score: float | None = None


class SpanTranslation(Value, frozen=True, kw_only=True):
    """A span in English: translated where another language is spoken, as it was heard where not; ms of project time.

    ``margin_words`` are those of the padding. ``windows`` have the language that was spoken. ``missing``: stretches
    that could not be translated.
    """

    words: list[Word]
    margin_words: list[Word] = []
    windows: list[HeardWindow] = []
    missing: list[TimeRange] = []


class LoudnessCurve(Value, frozen=True, kw_only=True):
    """RMS level in dBFS (floor -100), one number per ``step_ms`` from ``start_ms``."""

    start_ms: int
    step_ms: int
    level_db: list[float]


class HeardSpan(Value, frozen=True, kw_only=True):
    """What listen heard in one span; words already on project time and cut to ``range`` at the seams."""

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
    """Words heard in the padding around ``range``, also on project time: close decides at the seam who is right."""
    voices: VoiceWindows | None = None
    """Absent where nobody speaks, or the model of voices was away."""
    warnings: list[str] = []
    """Parts that could not be had, each as a sentence."""
    sounds: SpanSounds | None = None
    """None where there is no sound, or it could not be measured."""
    fits: list[Fit] = []
    """How runs of words sit on their sound (also those of the padding); none where no aligner knows the language."""
    aligner: str = ""
    """Who refined the times of the words; empty where nobody did."""
    not_aligned: str = ""
    """Why the aligner, though it knows the language, did not."""
    windows: list[HeardWindow] = []
    """What the decoder thought of what it heard, window by window, also those of the padding."""
    translation: SpanTranslation | None = None
    """The same in English, where that was asked for and not all of it is English already."""


class SeenPicture(Value, frozen=True, kw_only=True):
    """One sparse picture: mean luma 0..255, difference to the picture before 0..1, faces in display pixels."""

    at_ms: int
    brightness: float
    difference: float
    faces: list[Face]
    persons: list[Person] = []
    """Looked for where no face was found."""
    screen: float | None = None
    """How surely it shows a screen or a slide, 0..1; None where that was not measured."""


class ShotChange(Value, frozen=True, kw_only=True):
    """A change of shot between two looked-at pictures: somewhere in ``(after_ms, at_ms]``.

    ``exact``: every picture there was looked at; the new shot begins at ``at_ms``, and ``kind`` says how.
    """

    at_ms: int
    after_ms: int
    strength: float
    kind: TransitionKind | None = None
    exact: bool = False


class SeenSpan(Value, frozen=True, kw_only=True):
    """What look saw in one span."""

    ordinal: int
    range: TimeRange
    pictures: list[SeenPicture]
    shots: list[ShotChange]
    thumbnails: list[Thumbnail]
    model: str
    compute_ms: int
    not_looked_at: list[TimeRange] = []
    """Stretches in which the shot changed somewhere, and that nobody looked at picture by picture."""


class Thumbnail(Value, frozen=True, kw_only=True):
    """A small JPEG of the source at a time."""

    at_ms: int
    image: ObjectRef
