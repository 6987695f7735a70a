"""What is known of words besides the words: how well they sit on the sound. Pure data; decides nothing."""

from __future__ import annotations

from schemas.media import Doubt, TimeRange, Value, Word


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
