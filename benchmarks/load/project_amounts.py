"""Pure: how amounts of a project grow with its spans and clips, fitted to measured projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

FOOTPRINT = Path(__file__).with_name("footprint.json")


class ProjectShape(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a project that its amounts depend on."""

    media_s: float
    spans: int
    clips: int


class Amount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``fixed + per_span · spans + per_media_s · seconds + per_clip · clips``."""

    fixed: float = 0.0
    per_span: float = 0.0
    per_media_s: float = 0.0
    per_clip: float = 0.0

    def at(self, shape: ProjectShape) -> float:
        """The amount of a project."""
        parts: list[float] = [getattr(self, term) * factor(shape) for term, factor in FACTORS.items()]
        return sum(parts)


Terms = tuple[str, ...]
OF_ROWS: Terms = ("fixed", "per_span", "per_clip")
"""Terms of what is counted."""
OF_BYTES: Terms = ("fixed", "per_media_s", "per_clip")
"""Terms of bytes and times."""
FACTORS: Mapping[str, Callable[[ProjectShape], float]] = {
    "fixed": lambda _: 1.0,
    "per_span": lambda shape: shape.spans,
    "per_media_s": lambda shape: shape.media_s,
    "per_clip": lambda shape: shape.clips,
}
"""What each term of an amount is multiplied with."""


class TableFootprint(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a project in one table."""

    rows: Amount
    row_bytes: float
    """Of one row, with its share of the indexes where thousands of rows were copied."""


class TopicFootprint(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a project on one topic."""

    events: Amount
    event_bytes: float
    """Key, headers and payload of one event, uncompressed."""


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts that a project leaves behind, and its processor time in the parts that are no stage."""

    measured: str
    tables: dict[str, TableFootprint]
    topics: dict[str, TopicFootprint]
    object_bytes: dict[str, Amount]
    """By kind of object; without the source, whose size is the customer's."""
    commits: Amount | None = None
    """Transactions of Postgres, without those of a stack at rest; None: not measured."""
    parts_cpu_s: dict[str, Amount]
    """Processor time of servers, relay, sinks and API, without that of a stack at rest."""
    rest_cpu_share: float
    """Cores that the whole stack takes without work."""


def fit(measured: Sequence[tuple[ProjectShape, float]], terms: Terms) -> Amount:
    """The amount that comes nearest to the measured ones (least squares), without negative terms.

    As many projects as terms are met exactly.
    """
    matrix = np.array([[FACTORS[term](shape) for term in terms] for shape, _ in measured])
    values = np.array([value for _, value in measured])
    used = list(range(len(terms)))
    while True:
        solved = np.linalg.lstsq(matrix[:, used], values, rcond=None)[0]
        if (solved >= -1e-9).all() or len(used) == 1:
            break
        used.pop(int(np.argmin(solved)))
    return Amount(**{terms[at]: round(max(0.0, float(value)), 6) for at, value in zip(used, solved, strict=True)})


def fit_each(shapes: Sequence[ProjectShape], amounts: Sequence[Mapping[str, float]], terms: Terms) -> dict[str, Amount]:
    """An amount for each name."""
    names = sorted({name for by_name in amounts for name in by_name})
    return {
        name: fit([(shape, by_name.get(name, 0.0)) for shape, by_name in zip(shapes, amounts, strict=True)], terms)
        for name in names
    }


def read_footprint() -> Footprint:
    """The measured footprint, from the file next to this module."""
    return msgspec.json.decode(FOOTPRINT.read_bytes(), type=Footprint)
