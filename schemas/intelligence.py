"""What a project is about, as one stored document: each item with its quote and its milliseconds. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.media import Value

EntityKind = Literal["person", "organisation", "place", "work", "event", "date", "time", "money", "percent", "number"]
"""What an entity is; ``work`` is a book, film, product or project with a name."""
RelationKind = Literal["holds_role", "works_for", "located_in", "part_of", "acquired", "made", "said_with"]
"""How two names stand to each other; ``made`` is between who made a work and the work."""


class Quote(Value, frozen=True, kw_only=True):
    """Words of the transcript as they stand there, and when they were said."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None
    doubtful: bool = False
    """Whether the transcript is not sure of some of it."""


class Engine(Value, frozen=True, kw_only=True):
    """What made the document, and why this one: ``name`` is ``local`` or that of a configured model."""

    name: str
    version: str
    model: str = ""
    """What compared sentences, or the model that wrote."""
    reason: str = ""
    not_used: str = ""
    """The configured model that was to make it and did not; ``reason`` says why."""


class Cost(Value, frozen=True, kw_only=True):
    """What a configured model was paid, by the price list in the settings. ``counted``: by itself, else estimated."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    counted: bool = True


class Chapter(Value, frozen=True, kw_only=True):
    """A stretch about one thing. ``quote`` is its most typical sentence; ``title`` is made of its own words."""

    title: str
    start_ms: int
    end_ms: int
    quote: Quote
    phrases: list[str] = []


class Point(Value, frozen=True, kw_only=True):
    """A sentence that matters; ``weight`` 0..1 inside this document."""

    quote: Quote
    weight: float
    text: str = ""
    """The point in a model's own words, where a model wrote it; ``quote`` is what it rests on."""


class Topic(Value, frozen=True, kw_only=True):
    """A phrase that is spoken of, and where. ``weight`` 0..1 inside this document."""

    name: str
    weight: float
    mentions: list[Quote]


class Mood(Value, frozen=True, kw_only=True):
    """Sentiment of a stretch, -1..1, and the sentence that carries most of it."""

    start_ms: int
    end_ms: int
    value: float
    quote: Quote


class Entity(Value, frozen=True, kw_only=True):
    """Somebody or something with a name, or an amount; ``name`` is its longest form that was said."""

    kind: EntityKind
    name: str
    mentions: list[Quote]


class Relation(Value, frozen=True, kw_only=True):
    """What ``quote`` says of two entities (their names as listed); ``role`` where ``kind`` is ``holds_role``."""

    kind: RelationKind
    subject: str
    object: str
    quote: Quote


class Intelligence(Value, frozen=True, kw_only=True):
    """Everything found out about what was said. A part that a language has no means for is empty, and says so."""

    engine: Engine
    language: str | None
    duration_ms: int
    summary: list[Point] = []
    chapters: list[Chapter] = []
    topics: list[Topic] = []
    key_points: list[Point] = []
    quotes: list[Point] = []
    questions: list[Point] = []
    sentiment: list[Mood] = []
    entities: list[Entity] = []
    relations: list[Relation] = []
    thrown_away: int = 0
    """Items whose quote did not stand in the transcript."""
    cost: Cost = Cost()
    notes: list[str] = []
    """What is missing, and why."""
    project_title: str = ""
    """As in `Transcript`."""
    transcript_version: int = 1
    """The version of the transcript it was made of; a correction makes the next, and is studied again."""
    speaker_names: dict[str, str] = {}
    """What the `speaker` of a quote is called in that version: by themselves, or by a person who corrected it."""
