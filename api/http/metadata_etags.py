"""ETags of titles and metadata, and errors of metadata in a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.problems.problem_details import FieldError
from schemas.metadata import faults_of
from schemas.validation.field_errors import pointer


def etag_of(kind: str, revision: int) -> str:
    """ETag of the title and metadata of a project, clip or export; progress does not change it."""
    return f'"{kind}-{revision}"'


def metadata_errors(value: Mapping[str, Any]) -> list[FieldError]:
    """Errors of metadata, as fields of a body."""
    return [
        FieldError(pointer=pointer(("metadata", *fault.path)), detail=f"It must be {fault.rule}.")
        for fault in faults_of(value)
    ]
