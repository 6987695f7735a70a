"""ETags of titles and metadata, and what is wrong with metadata, as requests are told. Reads no row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.problems.problem_details import FieldError
from schemas.metadata import faults_of
from schemas.validation.field_errors import pointer


def etag_of(kind: str, revision: int) -> str:
    """What names the title and the metadata of a project, clip or export as they are; not how far it is."""
    return f'"{kind}-{revision}"'


def metadata_errors(value: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with metadata, as fields of a body."""
    return [
        FieldError(pointer=pointer(("metadata", *one.path)), detail=f"It must be {one.rule}.")
        for one in faults_of(value)
    ]
