"""A candidate window, and how well it starts and ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.common import TimeRange
from streams.detect.lexicon import Lexicon, bare
from streams.detect.sentences import Sentence

FULL_PAUSE_MS = 800
"""A pause that clearly separates two thoughts."""
LEANS = 0.3
"""An opening this unclean leans on what was said before, or lies inside a sentence: no clip starts there."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch that could be a clip: whole sentences, and how well it starts and ends (0..1 each)."""

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


def start_quality(
    sentence: Sentence, before: Sentence | None, lexicon: Lexicon | None, *, after: Sentence | None = None
) -> tuple[float, str]:
    """How well a clip can start at ``sentence``, and its flaw in words: half opening word, half what came before.

    After an opening of one or two words (“Right.”) it is the sentence behind it that must stand alone.
    """
    words = [bare(word) for word in sentence.text.split()]
    if len(words) <= 2 and after is not None:
        words = [bare(word) for word in after.text.split()]
    opening = [word for word in words if not (lexicon and word in lexicon.fillers)][:4]
    clean, flaw = 1.0, ""
    if before is not None and before.ending == "split":
        clean, flaw = 0.2, "starts inside a sentence"
    elif sentence.text[:1].islower():
        clean, flaw = 0.3, "starts inside a sentence"
    elif lexicon and opening and opening[0] in lexicon.leaning:
        clean, flaw = 0.15, f"starts with “{opening[0]}”, which leans on what was said before"
    elif lexicon and opening and opening[0] in lexicon.pointing:
        clean, flaw = 0.3, f"starts with “{opening[0]}”, which points at what was said before"
    elif lexicon and any(word in lexicon.pointing for word in opening[1:]):
        clean, flaw = 0.6, "its first words point at what was said before"
    if before is None:
        return round(0.5 * clean + 0.5, 4), flaw
    separated = min(1.0, sentence.pause_before_ms / FULL_PAUSE_MS)
    closed = 1.0 if before.ending == "stop" else 0.3
    quality = 0.5 * clean + 0.3 * separated + 0.2 * closed
    return round(min(LEANS, quality) if clean <= LEANS else quality, 4), flaw


def end_quality(
    sentence: Sentence, after: Sentence | None, lexicon: Lexicon | None, *, shown_next: bool = False
) -> tuple[float, str]:
    """How well a clip can end with ``sentence``: punctuation, the pause behind it, whether a new thought follows.

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
    opening = bare(after.text.split()[0]) if after.text.split() else ""
    goes_on = after.text[:1].islower() or bool(lexicon and opening in lexicon.leaning)
    if goes_on and not flaw:
        flaw = f"the next sentence goes on with “{opening}”"
    separated = min(1.0, sentence.pause_after_ms / FULL_PAUSE_MS)
    if shown_next:
        separated, flaw = 0.0, flaw or "ends before what is shown in the long pause behind it"
    return round(0.5 * punctuation + 0.3 * separated + 0.2 * (0.0 if goes_on else 1.0), 4), flaw
