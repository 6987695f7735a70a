"""What a project is about, as one stored document: each item with its quote and its milliseconds. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.common import Value

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
    """`local`, or the name of a configured model."""
    version: str
    """Version of the engine."""
    model: str = ""
    """What compared sentences, or the model that wrote."""
    reason: str = ""
    """Why this engine was used."""
    not_used: str = ""
    """The configured model that was to make it and did not; ``reason`` says why."""


class Cost(Value, frozen=True, kw_only=True):
    """What a configured model was paid, by the price list in the settings. ``counted``: by itself, else estimated."""

    calls: int = 0
    """Number of calls."""
    tokens_in: int = 0
    """Tokens sent."""
    tokens_out: int = 0
    """Tokens received."""
    money: float = 0.0
    """Price."""
    counted: bool = True
    """Whether the model counted the tokens itself; otherwise they are estimated."""


class Chapter(Value, frozen=True, kw_only=True):
    """A stretch about one thing. ``quote`` is its most typical sentence; ``title`` is made of its own words."""

    title: str
    start_ms: int
    end_ms: int
    quote: Quote
    """Most typical sentence."""
    phrases: list[str] = []


class Point(Value, frozen=True, kw_only=True):
    """A sentence that matters; ``weight`` 0..1 inside this document."""

    quote: Quote
    """Sentence it rests on."""
    weight: float
    """Importance in this document, between 0 and 1."""
    text: str = ""
    """The point in a model's own words, where a model wrote it; ``quote`` is what it rests on."""


class Topic(Value, frozen=True, kw_only=True):
    """A phrase that is spoken of, and where. ``weight`` 0..1 inside this document."""

    name: str
    """The topic."""
    weight: float
    """Importance in this document, between 0 and 1."""
    mentions: list[Quote]


class Mood(Value, frozen=True, kw_only=True):
    """Sentiment of a stretch, -1..1, and the sentence that carries most of it."""

    start_ms: int
    end_ms: int
    value: float
    """Sentiment between -1 and 1."""
    quote: Quote
    """Sentence that carries most of it."""


class Entity(Value, frozen=True, kw_only=True):
    """Somebody or something with a name, or an amount; ``name`` is its longest form that was said."""

    kind: EntityKind
    """Kind of entity."""
    name: str
    """Longest form of the name that was said."""
    mentions: list[Quote]


class Relation(Value, frozen=True, kw_only=True):
    """What ``quote`` says of two entities (their names as listed); ``role`` where ``kind`` is ``holds_role``."""

    kind: RelationKind
    """Kind of relation."""
    subject: str
    """Name of the first entity."""
    object: str
    """Name of the second entity."""
    quote: Quote


class Intelligence(Value, frozen=True, kw_only=True):
    """Everything found out about what was said. A part that a language has no means for is empty, and says so."""

    engine: Engine
    """What made this document."""
    language: str | None
    duration_ms: int
    summary: list[Point] = []
    """The most important sentences, in order of time."""
    chapters: list[Chapter] = []
    """Chapters in order of time."""
    topics: list[Topic] = []
    """Topics, the most important first."""
    key_points: list[Point] = []
    """Sentences that matter."""
    quotes: list[Point] = []
    """Sentences worth quoting."""
    questions: list[Point] = []
    """Questions that are asked."""
    sentiment: list[Mood] = []
    """Sentiment over time."""
    entities: list[Entity] = []
    """Persons, organisations, places, works, dates and amounts."""
    relations: list[Relation] = []
    """What is said of two entities."""
    thrown_away: int = 0
    """Items whose quote did not stand in the transcript."""
    cost: Cost = Cost()
    """What a configured model cost."""
    notes: list[str] = []
    """What is missing, and why."""
    project_title: str = ""
    """As in `Transcript`."""
    transcript_version: int = 1
    """The version of the transcript it was made of; a correction makes the next, and is studied again."""
    speaker_names: dict[str, str] = {}
    """What the `speaker` of a quote is called in that version: by themselves, or by a person who corrected it."""
