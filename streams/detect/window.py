"""A candidate window, and how well it starts and ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.common import TimeRange
from streams.detect.lexicon import Lexicon, normalise_lexicon_word
from streams.detect.sentences import Sentence

CLEAR_PAUSE_MS = 800
"""A pause that clearly separates two thoughts."""
MIN_CLEAN_SCORE = 0.3
"""A start rated no better than this depends on what was said before, or lies inside a sentence."""


@dataclass(frozen=True, kw_only=True)
class CandidateWindow:
    """A range that could be a clip: whole sentences, and how well it starts and ends (0..1 each)."""

    range: TimeRange
    sentences: Sequence[Sentence]
    start_quality: float
    end_quality: float
    start_flaw: str = ""
    end_flaw: str = ""

    @property
    def text(self) -> str:
        """The words, in one line."""
        return " ".join(sentence.text for sentence in self.sentences)


def rate_start(
    sentence: Sentence, before: Sentence | None, lexicon: Lexicon | None, *, after: Sentence | None = None
) -> tuple[float, str]:
    """Rate a start at ``sentence``, with its flaw in words.

    Half of it is the opening word, half what came before. After an opening of one or two words (“Right.”) it is
    the next sentence that must stand alone.
    """
    words = [normalise_lexicon_word(word) for word in sentence.text.split()]
    if len(words) <= 2 and after is not None:
        words = [normalise_lexicon_word(word) for word in after.text.split()]
    opening = [word for word in words if not (lexicon and word in lexicon.fillers)][:4]
    opening_score, flaw = 1.0, ""
    if before is not None and before.ending == "split":
        opening_score, flaw = 0.2, "starts inside a sentence"
    elif sentence.text[:1].islower():
        opening_score, flaw = 0.3, "starts inside a sentence"
    elif lexicon and opening and opening[0] in lexicon.leaning:
        opening_score, flaw = 0.15, f"starts with “{opening[0]}”, which leans on what was said before"
    elif lexicon and opening and opening[0] in lexicon.pointing:
        opening_score, flaw = 0.3, f"starts with “{opening[0]}”, which points at what was said before"
    elif lexicon and any(word in lexicon.pointing for word in opening[1:]):
        opening_score, flaw = 0.6, "its first words point at what was said before"
    if before is None:
        return round(0.5 * opening_score + 0.5, 4), flaw
    separated = min(1.0, sentence.pause_before_ms / CLEAR_PAUSE_MS)
    closed = 1.0 if before.ending == "stop" else 0.3
    quality = 0.5 * opening_score + 0.3 * separated + 0.2 * closed
    return round(min(MIN_CLEAN_SCORE, quality) if opening_score <= MIN_CLEAN_SCORE else quality, 4), flaw


def rate_end(
    sentence: Sentence, after: Sentence | None, lexicon: Lexicon | None, *, shown_next: bool = False
) -> tuple[float, str]:
    """Rate an end with ``sentence``: punctuation, the pause after it, whether a new thought follows.

    ``shown_next`` says that a long pause follows in which something is seen or heard.
    """
    punctuation = {"stop": 1.0, "pause": 0.6, "split": 0.2}[sentence.ending]
    flaw = "" if sentence.ending != "split" else "ends inside a sentence"
    if sentence.text.rstrip("\"'”’").endswith(("?", "？")) and after is not None:
        punctuation, flaw = 0.5, "ends on a question that it does not answer"
    elif lexicon and lexicon.courtesy.search(sentence.text):
        punctuation, flaw = 0.3, "ends on thanks or housekeeping, behind its point"
    if after is None:
        return round(0.5 * punctuation + 0.5, 4), flaw
    opening = normalise_lexicon_word(after.text.split()[0]) if after.text.split() else ""
    continues = after.text[:1].islower() or bool(lexicon and opening in lexicon.leaning)
    if continues and not flaw:
        flaw = f"the next sentence goes on with “{opening}”"
    separated = min(1.0, sentence.pause_after_ms / CLEAR_PAUSE_MS)
    if shown_next:
        separated, flaw = 0.0, flaw or "ends before what is shown in the long pause behind it"
    return round(0.5 * punctuation + 0.3 * separated + 0.2 * (0.0 if continues else 1.0), 4), flaw
