"""Forms in any pieces are read alike, and damaged ones are refused with a problem of 4xx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.jobs.form_reader import FormReader, is_form
from api.problems.problem_details import ApiProblem

TYPE = "multipart/form-data; boundary=cut"
BODIES = st.lists(st.binary(max_size=200).filter(lambda body: b"--cut" not in body), max_size=4)


def form(bodies: Sequence[bytes]) -> bytes:
    parts = [
        b'--cut\r\nContent-Disposition: form-data; name="f%d"; filename="a"\r\n\r\n%s\r\n' % (number, body)
        for number, body in enumerate(bodies)
    ]
    return b"".join(parts) + b"--cut--\r\n"


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places} | {0, len(body)})
    return [body[begin:end] for begin, end in pairwise(ends)]


def read(pieces: Sequence[bytes], content_type: str = TYPE) -> list[tuple[str, bytes]]:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def work() -> list[tuple[str, bytes]]:
        return [
            (part.name, b"".join([piece async for piece in part.pieces]))
            async for part in FormReader(content_type, stream()).read_parts()
        ]

    return asyncio.run(work())


def refusal(pieces: Sequence[bytes], content_type: str = TYPE) -> ApiProblem | None:
    try:
        read(pieces, content_type)
    except ApiProblem as problem:
        return problem
    return None


@given(BODIES, st.lists(st.integers(0, 10_000), max_size=12))
def test_a_form_is_read_alike_in_any_pieces(bodies: list[bytes], places: list[int]) -> None:
    expected = [(f"f{number}", body) for number, body in enumerate(bodies)]
    assert read(cut(form(bodies), places)) == expected


@given(BODIES, st.integers(0, 10_000), st.binary(max_size=6), st.lists(st.integers(0, 10_000), max_size=4))
def test_a_damaged_form_is_read_or_refused(bodies: list[bytes], at: int, damage: bytes, places: list[int]) -> None:
    body = form(bodies)
    at %= len(body)
    problem = refusal(cut(body[:at] + damage + body[at + len(damage) :], places))
    assert problem is None or 400 <= problem.status < 500


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_content_type_is_a_form_or_none(text: str) -> None:
    is_form(text)
    for content_type in (text, f"multipart/form-data; {text}", f"multipart/form-data; boundary={text}"):
        problem = refusal([b"--cut--\r\n"], content_type)
        assert problem is None or problem.code == "malformed-request"
