"""Weights of the sub-scores by genre. Pure data.

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
"""``asked``: similarity to the caller's prompt and topics; measured only with either."""
MAX_WEIGHT = 100.0
"""Largest weight; only the ratios count."""


class WeightTable(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weight of each sub-score by genre; ``quiet`` is for ranges without words.

    Only ratios among the measured sub-scores matter. An omitted sub-score has no weight.
    """

    version: str
    """Name of the table."""
    genres: dict[Genre, Table]
    """Weights of the sub-scores, by genre."""
    quiet: Table
    """Weights for ranges without words."""

    def weights_of(self, genre: Genre, *, spoken: bool) -> Mapping[SubScoreName, float]:
        """The weights of a genre (by default those of ``none``), or those for ranges without words."""
        return self.genres.get(genre, self.genres["none"]) if spoken else self.quiet


def default_weights() -> WeightTable:
    """Load the installation's table."""
    return msgspec.json.decode((files("schemas") / "data" / "weights.json").read_bytes(), type=WeightTable)


def broken_weights(table: WeightTable) -> Mapping[str, str]:
    """Map each invalid place of a table to its rule; empty if all are valid."""
    broken: dict[str, str] = {}
    if "none" not in table.genres:
        broken["genres"] = "a table that names at least the genre `none`"
    if not 1 <= len(table.version) <= 40:
        broken["version"] = "1 to 40 characters"
    places = {f"genres/{genre}": weights for genre, weights in table.genres.items()} | {"quiet": table.quiet}
    for place, weights in places.items():
        broken |= {
            f"{place}/{name}": f"0 to {MAX_WEIGHT:g}"
            for name, weight in weights.items()
            if not 0 <= weight <= MAX_WEIGHT
        }
        if not sum(weights.values()) > 0:
            broken[place] = "a table in which something counts"
    return broken
