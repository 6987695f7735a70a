"""The form of answers: fields that the caller names, and dated versions of the API."""

from __future__ import annotations

import email.utils
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.http.answer_form.sparse_fields import parse_fields, pick, take_fields
from api.http.answer_form.versions import CHANGES, HEADER, NEWEST, VERSIONS
from api.problems.problem_details import ApiProblem
from api.routes import OPERATIONS
from tests.api.conftest import OpenClient


class Inner(msgspec.Struct):
    a: int = 1
    b: int | None = 2


class Answer(msgspec.Struct):
    items: list[Inner]
    inner: Inner | None = None
    free: dict[str, Any] = {}
    next_cursor: str | None = None


ANSWER = {"items": [{"a": 1, "b": 2}, {"a": 3, "b": 4}], "inner": None, "free": {"x": {"y": 5}}, "next_cursor": "c"}


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("next_cursor", {"next_cursor": "c"}),
        ("items.a, next_cursor", {"items": [{"a": 1}, {"a": 3}], "next_cursor": "c"}),
        ("items.a,items", {"items": ANSWER["items"]}),
        ("items,items.a", {"items": ANSWER["items"]}),
        ("inner.a", {"inner": None}),
        ("free.x.y", {"free": {"x": {"y": 5}}}),
        ("free.z", {"free": {}}),
    ],
)
def test_an_answer_has_the_selected_fields(text: str, picked: dict[str, Any]) -> None:
    assert pick(ANSWER, parse_fields(text, Answer)) == picked


@pytest.mark.parametrize("text", ["", "nothing", "items.c", "items.a.b", "next_cursor.x", "items.", ".", "a" * 2001])
def test_a_field_that_the_answer_lacks_is_named(text: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        parse_fields(text, Answer)
    assert (caught.value.code, caught.value.errors[0].pointer) == ("invalid", "?fields")


def test_the_rest_of_the_query_stays_as_it_was() -> None:
    assert take_fields("limit=3") == (None, "limit=3")
    assert take_fields("q=fields") == (None, "q=fields")
    assert take_fields("q=a%26b&fields=x,y&limit=3") == ("x,y", "q=a%26b&limit=3")
    assert take_fields("fields=x&fields=y") == ("x,y", "")


async def test_an_answer_is_cut_to_the_fields_that_are_named(open_client: OpenClient) -> None:
    async with open_client() as client:
        answer = await client.get("/v1/presets", params={"fields": "presets.reels"})
        assert answer.status_code == 200, answer.text
        assert list(answer.json()["presets"]) == ["reels"]
        assert answer.headers["content-length"] == str(len(answer.content))
        wrong = await client.get("/v1/presets", params={"fields": "nothing"})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "?fields")


async def test_the_version_is_echoed_and_an_unknown_one_refused(open_client: OpenClient) -> None:
    async with open_client() as client:
        assert (await client.get("/v1/presets")).headers[HEADER] == VERSIONS[0]
        answer = await client.get("/v1/presets", headers={HEADER: NEWEST})
        assert answer.headers[HEADER] == NEWEST
        refused = await client.get("/v1/presets", headers={HEADER: "2020-01-01"})
        assert (refused.status_code, refused.json()["code"]) == (400, "version-unknown")
        assert NEWEST in refused.json()["detail"]


def test_every_change_names_operations_and_a_later_end() -> None:
    names = {operation.name for operation in OPERATIONS}
    for change in CHANGES:
        assert change.version in VERSIONS[1:]
        assert change.operations <= names
        assert change.sunset.date().isoformat() > change.version
    assert list(VERSIONS) == sorted(VERSIONS)


def test_an_older_version_names_the_key() -> None:
    (change,) = CHANGES
    key = {"kind": "key", "id": "k"}
    page = change.restore({"items": [{"actor": key}, {"actor": {"kind": "user", "id": "u"}}, {"actor": None}]})
    assert [item["key_id"] for item in page["items"]] == ["k", None, None]
    assert change.restore({"actor": key})["key_id"] == "k"


async def test_a_replaced_form_says_until_when_it_is_served(open_client: OpenClient) -> None:
    async with open_client() as client:
        old = await client.get("/v1/brand-kits")
        assert int(old.headers["deprecation"].removeprefix("@")) == 1_795_564_800
        assert email.utils.parsedate_to_datetime(old.headers["sunset"]) == CHANGES[0].sunset
        assert 'rel="deprecation"' in old.headers["link"]
        new = await client.get("/v1/brand-kits", headers={HEADER: NEWEST})
        assert not {"deprecation", "sunset"} & set(new.headers)


def test_the_page_lists_every_version() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    listed = re.findall(r"^\| (\d{4}-\d\d-\d\d) \|", page, re.MULTILINE)
    assert sorted(listed) == list(VERSIONS)
    for change in CHANGES:
        assert f"| {change.sunset.date().isoformat()} |" in page
