"""Finds the messages of a batch that a sink has a bug with, so that the others are written. Writes nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.infra import telemetry
from streams.sinks.batch_consumer import Arrived, BreakerOpenError, Handle, Refused

MOST_BUGS = 20
"""So many messages of one batch, each alone: the sink is broken, not they. It stops, nothing is diverted."""


async def handle_all(handle: Handle, name: str, batch: Sequence[Arrived]) -> list[Refused]:
    """Hand a batch over; where that meets a bug, its halves, down to the messages that meet it by themselves.

    Handling twice changes nothing, so the halves may hold what was written already. Raises Unavailable, KafkaError and
    BreakerOpenError.
    """
    refused: list[Refused] = []
    bugs = 0
    todo = [batch] if batch else []
    while todo:
        part = todo.pop()
        try:
            refused += await handle(part)
        except (Unavailable, KafkaError):
            raise
        except Exception as error:
            if len(part) > 1:
                todo += [part[len(part) // 2 :], part[: len(part) // 2]]
                continue
            bugs += 1
            if bugs > MOST_BUGS:
                raise BreakerOpenError(
                    f"{name} meets a bug with everything: {type(error).__name__}: {error}"
                ) from error
            telemetry.report_bug(error, name)
            refused.append(_refused(part[0], error))
    return refused


def _refused(one: Arrived, error: Exception) -> Refused:
    return Refused(message=one.message, reason="bug", detail=f"{type(error).__name__}: {error}", event=one.event)
