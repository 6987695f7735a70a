"""What Schemathesis's own process calls before each request (its ``hooks`` setting)."""

from __future__ import annotations

import itertools
from typing import Any

import schemathesis

_NUMBERS = itertools.count()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Let no request wait for a picture that no worker draws; give each linked one a key of its own.

    A repeated key answers what it first created, also after that was removed.
    """
    if case.operation.path.endswith("/preview"):
        case.headers["Prefer"] = "respond-async"
    key = case.headers.get("Idempotency-Key")
    if key and case.meta is not None and case.meta.phase.name.value == "stateful":
        case.headers["Idempotency-Key"] = f"{key[:200]}-{next(_NUMBERS)}"
