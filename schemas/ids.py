"""Deterministic ids: the id of a result is the uuid5 of its inputs, without clock or randomness."""

from __future__ import annotations

import uuid

NAMESPACE = uuid.UUID("5d0c1f0e-6f0d-5b52-9a3e-3a9c0a1f7c11")
STAGE_VERSION = 1


def result_id(input_id: uuid.UUID, stage: str, name: str = "", version: int = STAGE_VERSION) -> uuid.UUID:
    """Id of the result ``name`` that ``stage`` makes from the input ``input_id``; same inputs, same id."""
    return uuid.uuid5(NAMESPACE, f"{input_id}/{stage}/{version}/{name}")
