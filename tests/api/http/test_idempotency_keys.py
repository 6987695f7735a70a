"""Syntax of the Idempotency-Key, and what each operation declares about it."""

from __future__ import annotations

from uuid import UUID

import pytest
from starlette.datastructures import Headers

from api.http.idempotency import HEADER, read_key
from api.http.operations import WRITES
from api.openapi.document import make_document
from api.problems.problem_details import ApiProblem
from api.routes import OPERATIONS
from core.domain.identity.actors import Actor

ACTOR = Actor(kind="key", id=UUID(int=7))
SCOPE = f"key:{UUID(int=7)} makeThing "


def key_of(*sent: str) -> str | None:
    """What ``read_key`` gives for the header, sent once or more."""
    return read_key(Headers(raw=[(HEADER.encode(), text.encode()) for text in sent]), ACTOR, "makeThing")


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"order 12"', "order 12"),
        (r'"a \"b\" \\"', r'a "b" \\'.replace(r"\\", "\\")),
        ('a"b', 'a"b'),
        ("k" * 255, "k" * 255),
        (f'"{"k" * 255}"', "k" * 255),
    ],
)
def test_a_key_is_quoted_or_bare(sent: str, key: str) -> None:
    assert key_of(sent) == SCOPE + key


@pytest.mark.parametrize(
    "sent", ["", "a b", '"', '""', '"a', '"a"b"', '"a";n=1', r'"a\b"', "k" * 256, f'"{"k" * 256}"', '"\xe9"', "\x7f"]
)
def test_other_keys_are_refused(sent: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        key_of(sent)
    assert (refused.value.code, refused.value.status) == ("idempotency-key-invalid", 400)


def test_a_request_has_one_key() -> None:
    assert key_of() is None
    with pytest.raises(ApiProblem, match="not 2"):
        key_of("a", "a")


def test_every_write_says_whether_it_honours_the_key() -> None:
    paths = make_document(OPERATIONS)["paths"]
    for operation in OPERATIONS:
        if operation.method in WRITES:
            document = paths[operation.path][operation.method.lower()]
            names = [parameter.get("name") for parameter in document.get("parameters", [])]
            assert ("Idempotency-Key" in names) == operation.takes_key
            assert document["x-idempotency-key"].startswith("Honoured" if operation.takes_key else "Ignored: ")
            assert not operation.takes_key or operation.transactional
