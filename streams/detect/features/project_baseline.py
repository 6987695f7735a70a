"""What all windows of a project are measured against, read once. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.detect.features import audience, audio, delivery, text
from streams.detect.features.audience import Line
from streams.detect.features.audio import SoundFacts
from streams.detect.features.text import SentenceFacts
from streams.detect.semantics import Meaning, read_meaning
from streams.detect.timeline import Embedded, Timeline


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What is computed once per video, for all windows. ``placed``: first word of a sentence → its index."""

    facts: Mapping[int, SentenceFacts]
    density_levels: Sequence[float]
    sound: SoundFacts | None
    motion_levels: Sequence[float]
    meaning: Meaning | None
    placed: Mapping[int, int]
    word_spread: Mapping[str, int]
    """In how many sentences each word of meaning is said."""
    lines: Mapping[int, Line]
    """How each sentence would go down in a room; those in a language without word lists are left out."""
    pause_db: float | None
    """How loud the video's pauses are."""
    wanted_ms: tuple[int, int]
    """How long a clip is at best."""


def read_whole(
    timeline: Timeline,
    embedded: Embedded | None = None,
    wishes: Sequence[str] = (),
    wanted_ms: tuple[int, int] = delivery.USUAL_MS,
) -> Whole:
    """Facts of the whole video, and what was asked of its clips."""
    facts = text.read_sentences(timeline)
    return Whole(
        facts=facts,
        density_levels=sorted(delivery.density_levels(timeline, facts)),
        sound=audio.listen_whole(timeline),
        motion_levels=sorted(picture.difference for picture in timeline.pictures),
        meaning=read_meaning(timeline, embedded, wishes),
        placed={sentence.first_word: at for at, sentence in enumerate(timeline.sentences)},
        word_spread=Counter(word for one in facts.values() for word in one.content),
        lines={s.first_word: facts[s.first_word].line for s in timeline.sentences if s.lexicon},
        pause_db=audience.pause_level(timeline),
        wanted_ms=wanted_ms,
    )
