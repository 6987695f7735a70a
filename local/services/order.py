"""The parts of one stack, in the order in which they can start. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from local.services.clipstream import STORES, product_parts, with_own_login
from local.services.kafka import kafka_part
from local.services.postgres import postgres_part
from local.services.seaweedfs import objects_part
from local.services.service import Part, Setting
from local.services.standins import clickhouse_part, search_part
from local.services.triton import triton_part

MAKERS: Mapping[str, Callable[[Setting], Part]] = {
    "kafka": kafka_part,
    "postgres": postgres_part,
    "objects": objects_part,
    "triton": triton_part,
    "clickhouse": clickhouse_part,
    "search": search_part,
}


def plan(
    setting: Setting,
    env: Mapping[str, str],
    *,
    external: frozenset[str],
    stores_only: bool = False,
    rewind: Sequence[str] = (),
) -> list[Part]:
    """Every part that is started; the external ones are left out."""
    stores = [make(setting) for name, make in MAKERS.items() if name not in external]
    if stores_only:
        return stores
    needed = tuple(name for name in STORES if name not in external)
    parts = product_parts(setting, {**setting.environ, **env}, needed, rewind)
    if "kafka" in external:
        return [*stores, *parts]
    return [*stores, *(with_own_login(setting, part) for part in parts)]
