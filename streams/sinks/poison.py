"""Isolate the messages of a batch that make a sink fail, so that the others are written."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.infra import telemetry
from streams.sinks.batch_consumer import Arrived, BreakerOpenError, Handle, Refused

MAX_BUGS = 20
"""Messages of one batch that may fail by themselves; beyond it the sink is broken, not they, and stops."""


async def handle_all(handle: Handle, name: str, batch: Sequence[Arrived]) -> list[Refused]:
    """Hand a batch over; if it meets a bug, hand over its halves, down to the messages that fail alone.

    Handling twice changes nothing, so a half may hold messages that were written already. Raises Unavailable,
    KafkaError and BreakerOpenError.
    """
    refused: list[Refused] = []
    bugs = 0
    parts = [batch] if batch else []
    while parts:
        part = parts.pop()
        try:
            refused += await handle(part)
        except (Unavailable, KafkaError):
            raise
        except Exception as error:
            if len(part) > 1:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                continue
            bugs += 1
            if bugs > MAX_BUGS:
                raise BreakerOpenError(
                    f"{name} meets a bug with everything: {type(error).__name__}: {error}"
                ) from error
            telemetry.report_bug(error, name)
            refused.append(_refused(part[0], error))
    return refused


def _refused(arrived: Arrived, error: Exception) -> Refused:
    return Refused(
        message=arrived.message, reason="bug", detail=f"{type(error).__name__}: {error}", event=arrived.event
    )
