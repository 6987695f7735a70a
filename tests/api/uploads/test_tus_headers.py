"""Headers of tus: whatever they hold, they are read or refused with a problem of 4xx."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api.problems.problem_details import ApiProblem
from api.uploads.tus_headers import (
    check_body_type,
    check_version,
    describe,
    read_checksum,
    read_metadata,
    upload_length,
    upload_offset,
)

TEXTS = st.text(st.characters(max_codepoint=255), max_size=60)
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
READERS: tuple[tuple[str, Callable[[Headers], Any]], ...] = (
    ("tus-resumable", check_version),
    ("upload-length", upload_length),
    ("upload-offset", upload_offset),
    ("upload-checksum", read_checksum),
    ("content-type", check_body_type),
    ("content-encoding", check_body_type),
)


def refusal(act: Callable[[], Any]) -> ApiProblem | None:
    try:
        act()
    except ApiProblem as problem:
        return problem
    return None


@given(st.sampled_from(READERS), TEXTS)
@example(READERS[1], "\xb2")
@example(READERS[2], "1_000")
@example(READERS[3], "sha1 \xff")
def test_any_header_is_read_or_refused(reader: tuple[str, Callable[[Headers], Any]], text: str) -> None:
    name, read = reader
    problem = refusal(lambda: read(Headers({name: text})))
    assert problem is None or 400 <= problem.status < 500


@given(TEXTS)
@example("a\t")
@example(", ,")
def test_any_metadata_are_read_or_refused(text: str) -> None:
    problem = refusal(lambda: describe(read_metadata(text)))
    assert problem is None or problem.code == "malformed-request"


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_metadata_come_back_as_they_were_sent(pairs: dict[str, str]) -> None:
    text = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    assert read_metadata(text) == pairs


@given(st.integers(0, 10**18 - 1))
def test_a_number_of_bytes_is_read(number: int) -> None:
    assert upload_offset(Headers({"upload-offset": str(number)})) == number


@given(st.sampled_from(["sha1", "sha256", "md5"]), st.lists(st.binary(max_size=50), max_size=5), st.binary(max_size=5))
def test_a_checksum_holds_for_its_bytes_only(algorithm: str, pieces: list[bytes], more: bytes) -> None:
    digest = base64.b64encode(hashlib.new(algorithm, b"".join(pieces)).digest()).decode()
    for extra in (b"", more):
        checksum = read_checksum(Headers({"upload-checksum": f"{algorithm} {digest}"}))
        assert checksum is not None
        for piece in (*pieces, extra):
            checksum.update(piece)
        if extra:
            with pytest.raises(ApiProblem, match="checksum-mismatch"):
                checksum.check()
        else:
            checksum.check()


def test_clients_names_for_name_and_type_are_known() -> None:
    assert describe({"name": "a.mp4", "type": "video/mp4"}) == ("a.mp4", "video/mp4", "source")
    assert describe({"filename": "b.png", "content_type": "image/png", "purpose": "image"})[2] == "image"
    assert describe({}) == ("upload", None, "source")
