"""Pages of listed origins may send, and read, every header that tus needs."""

from __future__ import annotations

from api.http.browsers.cross_origin import EXPOSED, HEADERS
from api.uploads.tus import OPERATIONS


def names(text: str) -> set[str]:
    return set(text.split(", "))


def test_pages_may_send_and_read_the_headers_of_tus() -> None:
    sent = {field.name for operation in OPERATIONS for field in operation.takes_headers}
    answered = {field.name for operation in OPERATIONS for field in operation.gives_headers}
    assert sent <= names(HEADERS)
    assert answered | {"Tus-Resumable", "Location"} <= names(EXPOSED)
