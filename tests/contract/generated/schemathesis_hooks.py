"""What Schemathesis's own process calls before each request (its ``hooks`` setting)."""

from __future__ import annotations

import itertools
from typing import Any

import schemathesis

_NUMBERS = itertools.count()
LONGEST_WAIT_S = 15


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Let no request wait for a picture or a message that no worker makes; give each linked one a key of its own.

    A repeated key answers what it first created, also after that was removed. An answer that was cut to ``fields``
    lacks what its schema requires: tests/api/http/test_answer_form.py looks at those.
    """
    if case.operation.path.endswith("/preview"):
        case.headers["Prefer"] = "respond-async"
    if case.query:
        case.query.pop("fields", None)
    wait_s = (case.query or {}).get("wait_s")
    if isinstance(wait_s, int | float) and 1 < wait_s <= LONGEST_WAIT_S:
        case.query["wait_s"] = 1
    key = case.headers.get("Idempotency-Key")
    if key and case.meta is not None and case.meta.phase.name.value == "stateful":
        case.headers["Idempotency-Key"] = f"{key[:200]}-{next(_NUMBERS)}"
