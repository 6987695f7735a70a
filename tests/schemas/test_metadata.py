"""Metadata: merge patches by RFC 7396, and bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.metadata import (
    MAX_BYTES,
    MAX_LEVELS,
    MAX_NAME_CHARACTERS,
    decode_metadata,
    encode_metadata,
    faults_of,
    merged,
)
from schemas.validation.field_errors import with_nul

APPENDIX: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""All examples of RFC 7396, appendix A."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(min_size=1), VALUES, max_size=4)


@pytest.mark.parametrize(("before", "patch", "after"), APPENDIX)
def test_the_examples_of_the_rfc_hold(before: Any, patch: Any, after: Any) -> None:
    assert merged(before, patch) == after


@given(OBJECTS, OBJECTS)
def test_a_patch_is_idempotent_and_leaves_its_input(before: Any, patch: Any) -> None:
    told = msgspec.json.encode([before, patch])
    once = merged(before, patch)
    assert merged(once, patch) == once
    assert msgspec.json.encode([before, patch]) == told


@given(OBJECTS)
def test_stored_metadata_equals_the_received(value: Any) -> None:
    assert decode_metadata(encode_metadata(value)) == value


def test_names_keep_their_order_and_numbers_their_form() -> None:
    for text in ('{"z":1,"a":[1.5,1e300],"m":{"y":null,"b":"ü"}}', '{"n":12345678901234567890123}'):
        assert encode_metadata(decode_metadata(text)) == text


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1)} if levels > 1 else {}


def test_bounds_are_where_they_are_documented() -> None:
    full = {"a": "x" * (MAX_BYTES - len('{"a":""}'))}
    wide = {"a": "ü" * ((MAX_BYTES - len('{"a":""}')) // 2)}
    for good in ({}, full, wide, nested(MAX_LEVELS), {"n" * MAX_NAME_CHARACTERS: 1}, {"a": [[[]]]}):
        assert faults_of(good) == []
    ((big,), (deep,), (named,), (nameless,)) = (
        faults_of(bad)
        for bad in (
            {"a": full["a"] + "x"},
            nested(MAX_LEVELS + 1),
            {"n" * (MAX_NAME_CHARACTERS + 1): 1},
            {"b": [{"": 1}]},
        )
    )
    assert (big.path, big.rule) == ((), "at most 16,384 bytes as compact JSON in UTF-8, not 16,385")
    assert (deep.path, deep.rule) == (("a",) * MAX_LEVELS, "nested no deeper than 10 levels")
    assert named.rule == "called by 1 to 200 characters, not 201"
    assert nameless.path == ("b", 0, "")


def test_nul_is_found_but_not_an_escaped_backslash() -> None:
    assert [list(with_nul(bad)) for bad in ("\0", {"a": {"b\0": 1}}, {"a": ["\0"]})] == [[()], [("a",)], [("a", 0)]]
    assert list(with_nul({"a": r"\u0000", "b": [1, None]})) == []
