"""Facts of a whole project that its windows are compared with, computed once. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.detect.features import audience, audio, delivery, text
from streams.detect.features.audience import AudienceCues
from streams.detect.features.audio import SoundFacts
from streams.detect.features.text import SentenceFacts
from streams.detect.semantics import SentenceMeaning, read_meaning
from streams.detect.timeline import EmbeddedTexts, ProjectTimeline


@dataclass(frozen=True, kw_only=True)
class ProjectBaseline:
    """Facts of a whole video. ``sentence_index``: first word of a sentence → its index."""

    facts: Mapping[int, SentenceFacts]
    density_levels: Sequence[float]
    sound: SoundFacts | None
    motion_levels: Sequence[float]
    meaning: SentenceMeaning | None
    sentence_index: Mapping[int, int]
    word_spread: Mapping[str, int]
    """Number of sentences that contain each content word."""
    pair_spread: Mapping[tuple[str, str], int]
    """Number of sentences that contain two words next to each other."""
    audience_cues: Mapping[int, AudienceCues]
    """Audience cues of each sentence; those in a language without word lists are left out."""
    pause_db: float | None
    """Loudness of the video's pauses."""
    preferred_ms: tuple[int, int]
    """Preferred length of a clip."""


def read_baseline(
    timeline: ProjectTimeline,
    embedded: EmbeddedTexts | None = None,
    topics: Sequence[str] = (),
    wanted_ms: tuple[int, int] = delivery.USUAL_LENGTH_MS,
) -> ProjectBaseline:
    """Compute the facts of the whole video, and the requested topics and length."""
    facts = text.read_sentence_facts(timeline)
    return ProjectBaseline(
        facts=facts,
        density_levels=sorted(delivery.list_density_levels(timeline, facts)),
        sound=audio.read_sound_facts(timeline),
        motion_levels=sorted(picture.difference for picture in timeline.pictures),
        meaning=read_meaning(timeline, embedded, topics),
        sentence_index={sentence.first_word: at for at, sentence in enumerate(timeline.sentences)},
        word_spread=Counter(word for fact_set in facts.values() for word in fact_set.content),
        pair_spread=Counter(pair for fact_set in facts.values() for pair in set(itertools.pairwise(fact_set.words))),
        audience_cues={
            sentence.first_word: facts[sentence.first_word].audience_cues
            for sentence in timeline.sentences
            if sentence.lexicon
        },
        pause_db=audience.measure_pause_level(timeline),
        preferred_ms=wanted_ms,
    )
