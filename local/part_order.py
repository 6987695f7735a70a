"""The parts of one stack, in the order in which they can start. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from local.endpoints import process_env, without_guarded
from local.services.clipstream import STORES, product_parts
from local.services.kafka import kafka_part
from local.services.mail import mail_part
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
    "mail": mail_part,
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
    stores = [_without_secrets(make(setting)) for name, make in MAKERS.items() if name not in external]
    if stores_only:
        return stores
    stores_needed = tuple(name for name in STORES if name not in external)
    full_env = {**setting.environ, **env}
    return [*stores, *product_parts(setting, partial(process_env, setting, full_env, external), stores_needed, rewind)]


def _without_secrets(part: Part) -> Part:
    """A store gets nothing of what the person's shell holds for the product."""
    return msgspec.structs.replace(part, env=without_guarded(part.env))
