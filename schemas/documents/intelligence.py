"""The intelligence of a project: summary, chapters, topics, entities, each with its quote. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.common import Value

EntityKind = Literal["person", "organisation", "place", "work", "event", "date", "time", "money", "percent", "number"]
"""Kinds of entity; ``work`` is a named book, film, product or project."""
RelationKind = Literal["holds_role", "works_for", "located_in", "part_of", "acquired", "made", "said_with"]
"""Kinds of relation between two entities; ``made`` connects a maker and a work."""


class Quote(Value, frozen=True, kw_only=True):
    """Words of the transcript, verbatim, with their time."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None
    doubtful: bool = False
    """Whether the transcript is unsure of some of its words."""


class Engine(Value, frozen=True, kw_only=True):
    """The engine that made the document, and why: ``name`` is ``local`` or that of a configured model."""

    name: str
    """`local`, or the name of a configured model."""
    version: str
    """Version of the engine."""
    model: str = ""
    """The sentence model, or the language model that wrote."""
    reason: str = ""
    """Why this engine was used."""
    not_used: str = ""
    """The configured model that failed to make it; ``reason`` says why."""


class Cost(Value, frozen=True, kw_only=True):
    """Cost of a configured model, by the price list in the settings."""

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
    """A range about one subject; ``quote``: its most typical sentence; ``title``: in its own words."""

    title: str
    start_ms: int
    end_ms: int
    quote: Quote
    """Most typical sentence."""
    phrases: list[str] = []


class Point(Value, frozen=True, kw_only=True):
    """An important sentence; ``weight`` 0..1 inside this document."""

    quote: Quote
    """Sentence it rests on."""
    weight: float
    """Importance in this document, between 0 and 1."""
    text: str = ""
    """The point in a model's own words, if a model wrote it, based on ``quote``."""


class Topic(Value, frozen=True, kw_only=True):
    """A phrase that the recording is about; ``weight`` 0..1 inside this document."""

    name: str
    """The topic."""
    weight: float
    """Importance in this document, between 0 and 1."""
    mentions: list[Quote]


class Mood(Value, frozen=True, kw_only=True):
    """Sentiment of a range, -1..1, and the sentence that carries most of it."""

    start_ms: int
    end_ms: int
    value: float
    """Sentiment between -1 and 1."""
    quote: Quote
    """Sentence that carries most of it."""


class Entity(Value, frozen=True, kw_only=True):
    """A named person or thing, or an amount; ``name``: its longest spoken form."""

    kind: EntityKind
    """Kind of entity."""
    name: str
    """Longest spoken form of the name."""
    mentions: list[Quote]


class Relation(Value, frozen=True, kw_only=True):
    """A statement of ``quote`` about two entities, by their listed names."""

    kind: RelationKind
    """Kind of relation."""
    subject: str
    """Name of the first entity."""
    object: str
    """Name of the second entity."""
    quote: Quote


class Intelligence(Value, frozen=True, kw_only=True):
    """The intelligence of one transcript; ``notes`` names parts that its language does not support."""

    engine: Engine
    """The engine that made this document."""
    language: str | None
    duration_ms: int
    summary: list[Point] = []
    """The most important sentences, in order of time."""
    chapters: list[Chapter] = []
    """Chapters in order of time."""
    topics: list[Topic] = []
    """Topics, the most important first."""
    key_points: list[Point] = []
    """Important sentences."""
    quotes: list[Point] = []
    """Sentences worth quoting."""
    questions: list[Point] = []
    """Questions from the recording."""
    sentiment: list[Mood] = []
    """Sentiment over time."""
    entities: list[Entity] = []
    """Persons, organisations, places, works, dates and amounts."""
    relations: list[Relation] = []
    """Statements about two entities."""
    thrown_away: int = 0
    """Number of items that were dropped because their quote is not in the transcript."""
    cost: Cost = Cost()
    """Cost of a configured model."""
    notes: list[str] = []
    """Missing parts, each with the reason."""
    project_title: str = ""
    """Title of the project, as in `Transcript`."""
    transcript_version: int = 1
    """The transcript version it was made from; after a correction the next one is studied again."""
    speaker_names: dict[str, str] = {}
    """Names of the quotes' `speaker` ids in that version: introduced, or given by a person."""
