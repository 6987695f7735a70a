"""What makes a minute matter, as data: sub-scores, genres, their weights. Pure; measures and chooses nothing.

The installation's own table is ``schemas/data/weights.json``; an organisation may set another through the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal, get_args

import msgspec

from schemas.common import Value

SubScoreName = Literal[
    "hook", "emotion", "coherence", "clarity", "energy", "speaker_changes", "novelty", "picture", "asked"
]
Genre = Literal["none", "talk", "interview", "lecture", "podcast", "stream", "sport"]
Table = dict[SubScoreName, float]

SUB_SCORES: tuple[SubScoreName, ...] = get_args(SubScoreName)
"""``asked``: how near a moment comes to what the caller asked for; measured only where something was."""
MOST = 100.0
"""Largest weight; only the ratios count."""


class WeightTable(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much each sub-score counts, by genre; ``quiet`` is for stretches without words.

    Only the ratios matter: they are taken over what was measured. A sub-score that is left out counts nothing.
    """

    version: str
    """Name of the table."""
    genres: dict[Genre, Table]
    """Weights of the sub-scores, by genre."""
    quiet: Table
    """Weights for stretches without words."""

    def of(self, genre: Genre, *, spoken: bool) -> Mapping[SubScoreName, float]:
        """The weights of a genre (those of ``none`` where it has no own), or of stretches without words."""
        return self.genres.get(genre, self.genres["none"]) if spoken else self.quiet


def default_weights() -> WeightTable:
    """The installation's own table."""
    return msgspec.json.decode((files("schemas") / "data" / "weights.json").read_bytes(), type=WeightTable)


def broken_weights(table: WeightTable) -> Mapping[str, str]:
    """Where in a table → what it must be; empty when all is well."""
    broken: dict[str, str] = {}
    if "none" not in table.genres:
        broken["genres"] = "a table that names at least the genre `none`"
    if not 1 <= len(table.version) <= 40:
        broken["version"] = "1 to 40 characters"
    places = {f"genres/{genre}": weights for genre, weights in table.genres.items()} | {"quiet": table.quiet}
    for place, weights in places.items():
        broken |= {f"{place}/{name}": f"0 to {MOST:g}" for name, weight in weights.items() if not 0 <= weight <= MOST}
        if not sum(weights.values()) > 0:
            broken[place] = "a table in which something counts"
    return broken
