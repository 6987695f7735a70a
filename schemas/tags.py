"""Tags of projects: short words of the customer's own, to list by. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

MAX_TAGS = 20
MAX_TAG_CHARACTERS = 40
Tag = Annotated[str, Meta(min_length=1, max_length=MAX_TAG_CHARACTERS, examples=["podcast"])]
Tags = Annotated[
    list[Tag],
    Meta(
        max_length=MAX_TAGS,
        description=f"Words of your own to list by: at most {MAX_TAGS}, of 1 to {MAX_TAG_CHARACTERS} characters.",
        examples=[["podcast", "season 2"]],
    ),
]


def tidied(tags: Sequence[str]) -> list[str]:
    """Tags without spaces around them and without repetitions, in their order."""
    return list(dict.fromkeys(tag.strip() for tag in tags))


def broken_tags(tags: Sequence[str]) -> dict[int, str]:
    """Position of each tag that breaks a rule, with the rule."""
    rule = "a word that can be printed, not only spaces"
    return {at: rule for at, tag in enumerate(tags) if not tag.strip() or not tag.isprintable()}
