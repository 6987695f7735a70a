"""Which rows the tables can hold. Pure: what ClickHouse would refuse at each try never gets there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from core.infra.clickhouse import schema_text
from streams.sinks.batch_consumer import Arrived, Refused
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import COLUMNS, row_of

UNSTORABLE = "event.unstorable"
"""Reason of the dead letter of an event with a number that its column cannot hold."""
_CREATED = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)\n\((.*?)^\)", re.MULTILINE | re.DOTALL)
_ADDED = re.compile(r"^ALTER TABLE (\w+) ADD COLUMN IF NOT EXISTS (.*)$", re.MULTILINE)
_INTEGER = re.compile(r"^\s*(\w+) (?:Nullable\()?UInt(\d+)\b", re.MULTILINE)


@cache
def read_limits() -> Mapping[str, Mapping[str, int]]:
    """Table → column of integers → the first number beyond it; 0 is the least of each."""
    limits: dict[str, dict[str, int]] = {}
    for entry in files("schemas").joinpath("clickhouse").iterdir():
        text = schema_text(entry.name) if entry.name.endswith(".sql") else ""
        for table, columns in (*_CREATED.findall(text), *_ADDED.findall(text)):
            limits.setdefault(table, {}).update({name: 1 << int(bits) for name, bits in _INTEGER.findall(columns)})
    return limits


def find_unstorable(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str | None:
    """Describe the first number that its column cannot hold; None where the table can hold all rows."""
    limits = read_limits()[table]
    places = [(place, name, limits[name]) for place, name in enumerate(columns) if name in limits]
    for row in rows:
        for place, name, limit in places:
            value = row[place]
            if value is not None and not 0 <= value < limit:
                return f"{name} of {table} cannot be {str(value)[:40]}"
    return None


def find_unstorable_fact(facts: fact_rows.Rows) -> str | None:
    """The same for the rows of several tables."""
    faults = (find_unstorable(table, fact_rows.COLUMNS[table], rows) for table, rows in facts.items())
    return next(filter(None, faults), None)


def split_storable(batch: Sequence[Arrived]) -> tuple[list[Arrived], list[Refused]]:
    """The events whose own row the table can hold, and the others."""
    storable: list[Arrived] = []
    unstorable: list[Refused] = []
    for arrived in batch:
        if fault := find_unstorable("events", COLUMNS, [event_row(arrived)]):
            unstorable.append(refuse(arrived, UNSTORABLE, fault))
        else:
            storable.append(arrived)
    return storable, unstorable


def event_row(arrived: Arrived) -> list[object]:
    """The row of an event in ``events``."""
    message = arrived.message
    return row_of(
        arrived.envelope, arrived.event, topic=message.topic, partition=message.partition, offset=message.offset
    )


def refuse(arrived: Arrived, reason: str, detail: str) -> Refused:
    """The refusal of an event whose owner the rows confirm."""
    return Refused(message=arrived.message, reason=reason, detail=detail, event=arrived.event)
