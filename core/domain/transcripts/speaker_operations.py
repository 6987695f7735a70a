"""Corrections of speakers: the operations, and the changes they made. Pure data."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Value

SpeakerId = Annotated[str, Meta(pattern=r"^S[1-9][0-9]{0,5}$", description="S1, S2 …")]
Name = Annotated[str, Meta(max_length=100)]
Ms = Annotated[int, Meta(ge=0, le=2**42)]
Index = Annotated[int, Meta(ge=0, le=2**31)]
MAX_ITEMS = 1_000


class Stretch(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[start_ms, end_ms)`` of the time line."""

    start_ms: Ms
    end_ms: Ms


class WordRun(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``words[first_word:end_word]`` of the version that was read, counted from 0."""

    first_word: Index
    end_word: Index


class Rename(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op", tag="rename"):
    """Call a speaker by a name; an empty one takes the name away."""

    speaker: SpeakerId
    name: Name
    """New name; empty to remove it."""


class Merge(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op", tag="merge"):
    """``speaker`` is ``into``: all that one says becomes the other's."""

    speaker: SpeakerId
    """Speaker who is merged into the other and no longer exists."""
    into: SpeakerId
    """Speaker who keeps the words of both."""


class SplitSpeaker(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op", tag="split"):
    """Give the words in some places to another: ``to``, or a new speaker (who may be given a ``name``)."""

    ranges: Annotated[list[Stretch], Meta(max_length=MAX_ITEMS)] = []
    """Time ranges whose words are given to another speaker."""
    words: Annotated[list[WordRun], Meta(max_length=MAX_ITEMS)] = []
    """Ranges of words that are given to another speaker."""
    speaker: SpeakerId | None = None
    """Only this speaker's words; null: all words there."""
    to: SpeakerId | None = None
    """Speaker who gets the words; null: a new one."""
    name: Name = ""
    """Name of the new speaker."""


SpeakerEdit = Rename | Merge | SplitSpeaker


class SpeakerChange(Value, frozen=True, kw_only=True):
    """The result of one edit: who has the words now, how many they are, and the names before."""

    op: Literal["rename", "merge", "split"]
    """Kind of the edit."""
    speaker: str | None
    to: str | None = None
    """Speaker who has the words now."""
    before: str = ""
    """Name of `speaker` before; empty where there was none."""
    after: str = ""
    """Name of `speaker` after a rename, of `to` after a merge or split; empty without one."""
    names: dict[str, str] = {}
    """Names of all speakers of the edit before it, by id, including those that it removed."""
    word_count: int = 0
    speech_ms: int = 0
