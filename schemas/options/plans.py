"""Plans: what an organisation may use in a month; the shipped ones are data/plans.json. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

UNLIMITED = "unlimited"
PlanName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$", examples=["pro"])]
Bound = Annotated[int, Meta(ge=0)]
Seats = Annotated[int, Meta(ge=1)]
MIN_RETENTION_DAYS = 7
"""No plan and no setting keeps projects for a shorter time."""
RetentionDays = Annotated[int, Meta(ge=MIN_RETENTION_DAYS, le=36_500)]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation may use; null is no limit."""

    name: PlanName
    title: str
    """Name for people."""
    source_minutes: Bound | None = None
    """Minutes of recordings a month."""
    exports: Bound | None = None
    """Files of clips a month."""
    storage_gb: Bound | None = None
    """Gigabytes (10^9 bytes) of recordings and exports that are kept."""
    running_projects: Bound | None = None
    """Projects at work at once."""
    requests_per_minute: Bound | None = None
    """Requests to the API of the whole organisation."""
    seats: Seats | None = None
    """Members and open invitations."""
    retention_days: RetentionDays | None = None
    """Days after its end for which a project is kept, with its source and its files; null: until it is erased."""
    watermark: bool = False
    """Whether new files of clips bear a mark over the picture."""


def decode_plans(text: bytes) -> Mapping[str, Plan]:
    """Plans by name. Raises ValueError where one is wrong, a name repeats, or ``unlimited`` is missing."""
    plans = msgspec.json.decode(text, type=list[Plan])
    by_name = {plan.name: plan for plan in plans}
    if len(by_name) < len(plans):
        raise ValueError("two plans have the same name")
    if UNLIMITED not in by_name:
        raise ValueError(f"there must be a plan `{UNLIMITED}`")
    return by_name


@cache
def read_plans(path: Path | None = None) -> Mapping[str, Plan]:
    """The plans of a file, or the shipped ones. Raises as `decode_plans`, or OSError."""
    if path is not None:
        return decode_plans(path.read_bytes())
    return decode_plans(resources.files("schemas").joinpath("data/plans.json").read_bytes())
