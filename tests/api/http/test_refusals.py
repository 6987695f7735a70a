"""A refusal names every error and what would be right, at bounded cost."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import fields

from api.http.operations import Operation
from api.http.request_reader import decode_body, decode_query
from api.http.validation import field_errors
from api.openapi.examples import request_examples
from api.problems.problem_details import ApiProblem, FieldError, invalid_fields
from api.routes import OPERATIONS
from api.wiring import make_url_check
from core.errors import InputRejected
from schemas.quantities import exactly, spoken_range
from schemas.validation.constraint_texts import takes_time
from schemas.validation.field_errors import MAX_ERRORS
from tests.api.conftest import OpenClient

BY_NAME = {operation.name: operation for operation in OPERATIONS}
JSON = {"Content-Type": "application/json"}
WRONG = object()


def refusal(name: str, body: Any) -> dict[str, str]:
    """Error texts of a refused body, by pointer."""
    with pytest.raises(ApiProblem) as caught:
        decode_body(BY_NAME[name], msgspec.json.encode(body))
    assert caught.value.code == "invalid"
    return {error.pointer: error.detail for error in caught.value.errors}


def query_refusal(name: str, text: str) -> dict[str, str]:
    with pytest.raises(ApiProblem) as caught:
        decode_query(BY_NAME[name], text)
    return {error.pointer: error.detail for error in caught.value.errors}


async def test_all_wrong_fields_of_a_body_are_named_in_one_answer(open_client: OpenClient) -> None:
    body = {
        "source_url": 5,
        "titel": "A talk",
        "options": {"max_clips": "many", "min_clip_ms": 1_000, "captions": 1, "skip": [{"start_ms": 1}]},
    }
    async with open_client() as client:
        answer = await client.post("/v1/projects", json=body)
        assert answer.status_code == 422
        problem = answer.json()
    told = {one["pointer"]: one["detail"] for one in problem["errors"]}
    assert told["/titel"] == "There is no field `titel`: did you mean `title`?"
    assert told["/options/max_clips"] == "It must be a whole number, not `many`."
    assert told["/options/captions"] == "It must be true or false, not 1."
    assert told["/options/skip/0/end_ms"] == "It is required and missing."
    assert told["/source_url"] == "It must be text, not 5."
    assert told["/options/min_clip_ms"].startswith("It must be from 3 s to 180 s")
    assert len(told) == 6
    assert problem["detail"].startswith("6 fields are wrong: `/source_url`, `/titel`, ")


def test_a_field_that_breaks_two_rules_is_one_field() -> None:
    twice = [FieldError(pointer="/a", detail="It is late."), FieldError(pointer="/a", detail="It is long.")]
    assert invalid_fields(twice).detail == "It is late. It is long."
    assert invalid_fields([*twice, FieldError(pointer="/b", detail="No.")]).detail == "2 fields are wrong: `/a`, `/b`."


def test_rules_beyond_types_are_named_with_the_others() -> None:
    told = refusal("createProject", {"title": 7, "options": {"min_clip_ms": 1_000, "max_clips": 99}})
    assert told == {
        "/title": "It must be text, not 7.",
        "": "Give exactly one of `upload_id`, `source_url` and `script_text`.",
        "/options/min_clip_ms": "It must be from 3 s to 180 s (3000 to 180000 ms).",
        "/options/max_clips": "It must be from 1 to 50.",
    }


def test_all_wrong_parameters_of_a_query_are_named_in_one_answer() -> None:
    told = query_refusal("search", "q=&limit=0&mod=meaning&trust=perhaps&q=b")
    assert set(told) == {"?q", "?limit", "?mod", "?trust"}
    assert told["?limit"] == "It must be from 1 to 100, not `0`."
    assert told["?mod"] == "There is no field `mod`: did you mean `mode`?"


async def test_errors_of_body_and_query_are_one_answer(open_client: OpenClient) -> None:
    body = {"template": "nothing", "aspect": "10:16", "options": {"sound": {"track": 99, "target_lufs": "loud"}}}
    async with open_client() as client:
        problem = (await client.post(f"/v1/clips/{uuid4()}/preview?at_ms=soon", json=body)).json()
    assert {one["pointer"] for one in problem["errors"]} == {
        "/template",
        "/aspect",
        "/options/sound/target_lufs",
        "/options/sound/track",
        "?at_ms",
    }


async def test_path_errors_are_named_with_body_and_query_errors(open_client: OpenClient) -> None:
    async with open_client() as client:
        problem = (await client.post("/v1/clips/mine/preview?at_ms=soon", json={"aspect": "10:16"})).json()
        assert {one["pointer"] for one in problem["errors"]} == {"{clip_id}", "/aspect", "?at_ms"}
        alone = await client.post("/v1/clips/mine/preview?at_ms=1", json={})
        assert (alone.status_code, "clip_id in the path is not a UUID" in alone.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("name", "body", "pointers"),
    [
        ("signUpload", {"filename": "", "size_bytes": 0, "content_type": "video"}, 3),
        ("signUpload", {"filename": "a.png", "size_bytes": 2**30, "content_type": "x", "purpose": "image"}, 2),
        ("createBrandKit", {"name": "", "template": "nothing", "logo": {"asset_id": 1, "width": 9}}, 4),
        ("requestExports", {"aspects": ["1:1", "1:1"], "template": "nothing", "edit_version": 1, "start_ms": 0}, 3),
        ("requestClip", {"aspects": ["1:1", "1:1"], "template": "nothing"}, 3),
        ("estimateProject", {"width_px": 10, "options": {"max_clips": 0}}, 3),
        ("setWeights", {"version": 1}, 3),
        ("createEndpoint", {"url": "", "events": ["project.done", "clip.edited"]}, 2),
    ],
)
def test_every_body_names_all_of_its_faults(name: str, body: Any, pointers: int) -> None:
    assert len(refusal(name, body)) == pointers


@pytest.mark.parametrize("since", ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00%2B02:00"])
def test_a_date_is_accepted_as_a_time(since: str) -> None:
    window = decode_query(BY_NAME["getSummary"], f"since={since}")
    assert window.since.timestamp() == 1_767_225_600


def test_an_unescaped_plus_in_an_offset_is_read_as_plus() -> None:
    window = decode_query(BY_NAME["getSummary"], "since=2026-01-01T02:00:00+02:00")
    assert window.since.timestamp() == 1_767_225_600


@pytest.mark.parametrize(
    "text",
    ["2026-13-01", "2026-02-30", "yesterday", "2026-01-01T00:00:00", "2026-01-01 00:00", "0.5", "1e400", "1767225600"],
)
def test_a_wrong_time_is_refused_with_its_form_and_its_value(text: str) -> None:
    told = query_refusal("getSummary", f"since={quote_plus(text)}")["?since"]
    assert told == f"It must be a time with its zone, such as `2026-03-01T12:00:00Z`, not `{text}`."


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.query and any(takes_time(f.type) for f in fields(one.query))]
)
@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01 00:00Z", "2026-01-01T02:00:00 02:00", "2026-01-01t00:00:00Z"]
)
def test_every_time_field_accepts_times_as_people_write_them(operation: Operation, text: str) -> None:
    for field in fields(operation.query):
        if takes_time(field.type):
            asked = decode_query(operation, f"{field.encode_name}={quote_plus(text)}")
            assert getattr(asked, field.name).timestamp() == 1_767_225_600


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-10:00"])
def test_a_time_without_a_date_in_utc_is_refused(time: str) -> None:
    rule = "It must lie in the years 1 to 9999 in UTC."
    assert query_refusal("listDeliveries", f"since={quote_plus(time)}") == {"?since": rule}
    assert refusal("replayFailedDeliveries", {"since": time}) == {"/since": rule}


def test_bounds_are_written_in_units_that_people_use() -> None:
    assert spoken_range(10_000, 180_000, "ms") == "from 10 s to 180 s (10000 to 180000 ms)"
    assert spoken_range(None, 64 * 2**20, "bytes") == "at most 64 MiB (67108864 bytes)"
    assert spoken_range(0, 2**42, "ms") == "at least 0 ms"
    assert spoken_range(1, 100) == "from 1 to 100"
    assert spoken_range(-24, -11, "LUFS") == "from -24 to -11 LUFS"
    assert exactly(61_200, "ms") == "61.2 s (61200 ms)"
    assert exactly(-20_000, "ms") == "-20 s (-20000 ms)"
    assert exactly(3_600_123, "ms") == "3600.123 s (3600123 ms)"
    assert spoken_range(1, 10**9, "ms") == "from 1 ms to 277.8 h (1 to 1000000000 ms)"
    assert spoken_range(None, 10**7, "bytes") == "at most 10 MB (10000000 bytes)"
    assert spoken_range(1, 10**13, "bytes") == "from 1 byte to 10 TB (1 to 10000000000000 bytes)"
    told = refusal("editClip", {"operations": [{"op": "drop_pauses", "longer_than_ms": 20_000}]})
    assert told["/operations/0/longer_than_ms"] == "It must be from 0.2 s to 10 s (200 to 10000 ms), not 20000."


@pytest.mark.parametrize("folder", ["api", "core", "schemas"])
def test_no_sentence_gives_a_time_in_milliseconds_alone(folder: str) -> None:
    """A raw number before `ms` in a text of ours: `schemas.quantities` says it as people do, and exactly."""
    files = [path for path in Path(folder).rglob("*.py") if path.name != "quantities.py"]
    found = [
        f"{path}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if re.search(r"\{[^{}']+\} ms\b", line)
    ]
    assert len(files) > 40
    assert not found


def test_kinds_of_a_union_are_recognised_by_their_tag() -> None:
    told = refusal("editClip", {"operations": [{"op": "trimm"}, {"op": "speed", "segment_id": "s1"}, {}, 5]})
    assert told["/operations/0/op"].endswith("did you mean `trim`?")
    assert told["/operations/1/speed"] == "It is required and missing."
    assert told["/operations/2/op"].startswith("It must be one of ")
    assert told["/operations/3"] == "It must be an object, not 5."


@pytest.mark.parametrize("name", sorted(request_examples()))
def test_every_wrong_field_of_every_body_is_named(name: str) -> None:
    """Give each field of each example, one by one, a wrong type: the error's pointer names that field."""
    operation = BY_NAME[name]
    for body in request_examples()[name].values():
        for field in body:
            told = [one.pointer for one in field_errors({**body, field: [[WRONG]]}, operation.request)]
            assert told, field
            assert all(one == f"/{field}" or one.startswith(f"/{field}/") for one in told), told


def test_the_errors_of_one_request_are_bounded_and_cheap() -> None:
    operation = BY_NAME["editClip"]
    many = {"operations": [{"op": "mute", "segment_id": "s1"}] * 150 + [{"op": "mute", "segment_id": 1}] * 50}
    began_s = time.process_time()
    assert len(field_errors(many, operation.request)) == MAX_ERRORS
    too_long = field_errors({"operations": [{}] * 30_000}, operation.request)
    assert [one.pointer for one in too_long] == ["/operations"]
    assert "from 1 to 200 items, not 30000" in too_long[0].detail
    unknown = field_errors({f"field_{number}": 1 for number in range(20_000)}, operation.request)
    assert len(unknown) == MAX_ERRORS
    topics = {"source_url": "https://a.example/v", "options": {"topics": ["x"] * 200_000 + [1]}}
    assert [one.pointer for one in field_errors(topics, BY_NAME["createProject"].request)] == ["/options/topics/200000"]
    assert time.process_time() - began_s < 2.0


async def test_loopback_by_name_differs_from_loopback_by_address() -> None:
    async def resolver(host: str, _port: int) -> list[str]:
        return ["127.0.0.1"] if host == "localhost" else [host]

    told = {}
    for url in ("http://localhost/v.mp4", "http://127.0.0.1/v.mp4", "http://10.0.0.8/v.mp4", "http://[::1]/v.mp4"):
        with pytest.raises(InputRejected) as caught:
            await make_url_check((), resolver)(url)
        assert "CLIPSTREAM_FETCH_ALLOW" in caught.value.detail
        told[url] = caught.value.detail
    assert "is a name that resolves to a loopback address (the server itself)" in told["http://localhost/v.mp4"]
    assert "is a loopback address (the server itself)" in told["http://127.0.0.1/v.mp4"]
    assert "is a loopback address" in told["http://[::1]/v.mp4"]
    assert "is an address of a private network" in told["http://10.0.0.8/v.mp4"]


UNREADABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "UTF-16": ("{}".encode("utf-16"), "is UTF-16"),
    "UTF-16 without a mark": ("{}".encode("utf-16-le"), "UTF-16 or UTF-32"),
    "gzip": (b"\x1f\x8b\x08\x00", "compressed (gzip)"),
    "no UTF-8": (b'{"title": "\xff"}', "not UTF-8: byte 12 is 0xff"),
    "a surrogate as bytes": (b'{"title": "\xed\xa0\x80"}', "not UTF-8: byte 12 is 0xed"),
    "half a pair": (b'{"title": "\\ud800"}', "`\\ud800` (character 12) is half of a surrogate pair"),
    "the other half": (b'{"title": "\\udc00"}', "`\\udc00` (character 12) is half of a surrogate pair"),
    "half a pair and text": (b'{"title": "\\ud83dx"}', "`\\ud83d` (character 12) is half"),
    "two first halves": (b'{"title": "\\ud83d\\ud83d"}', "`\\ud83d` (character 12) is half"),
    "half a pair as a name": (b'{"\\ud800": 1}', "`\\ud800` (character 3) is half"),
    "cut off": (b'{"title": ', "ends too early, after 10 bytes"),
    "cut off in a text": (b'{"title": "a', "ends too early, after 12 bytes"),
    "NaN": (b'{"title": NaN}', "`NaN` is not a number that JSON has"),
    "Infinity": (b'{"nothing": -Infinity}', "`-Infinity` is not a number that JSON has"),
    "too large": (b'{"options": {"max_clips": 1e999}}', "The number 1e999 is too large"),
    "too many digits": (b'{"options": {"max_clips": ' + b"9" * 5_000 + b"}}", "is too large"),
    "one name twice": (b'{"title": "a", "title": "b"}', "`title` stands twice"),
    "one name twice inside": (b'{"options": {"max_clips": 1, "max_clips": 2}}', "`max_clips` stands twice"),
    "deep": (b'{"options": ' + b"[" * 4_000 + b"]" * 4_000 + b"}", "nested too deeply"),
    "more behind": (b"{} {}", "line 1, column 4: there is more after the end"),
    "single quotes": (b"{'title': 'a'}", "a name in double quotes is expected"),
    "a comma too many": (b'{"title": "a",}', "line 1, column 15"),
    "a line break": (b'{"title": "a\nb"}', "control character stands in a text"),
    "a wrong escape": (b'{"title": "\\x"}', "a backslash begins no escape"),
    "a form": (b"title=a", "line 1, column 1: a value is expected"),
    "HTML": (b"<html></html>", "a value is expected"),
}
"""What a client may send by mistake → what it is told."""
IN_FIELDS = {
    "a surrogate as bytes": ["/title"],
    "no UTF-8": ["/title"],
    "half a pair": ["/title"],
    "half a pair and text": ["/title"],
    "half a pair as a name": ["/?"],
    "half a pair deep inside": ["/title", "/options/topics/1"],
}
"""Which fields are named."""


@pytest.mark.parametrize("case", UNREADABLE)
async def test_an_unreadable_body_is_refused_with_the_reason(open_client: OpenClient, case: str) -> None:
    content, told = UNREADABLE[case]
    async with open_client() as client:
        answer = await client.post("/v1/projects", content=content, headers=JSON)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "malformed-request"), problem
        assert told in problem["detail"]
        if case in IN_FIELDS:
            assert [one["pointer"] for one in problem["errors"]] == IN_FIELDS[case]
            assert all(f"`{one}`" in problem["detail"] for one in IN_FIELDS[case])
        assert case in ("cut off", "cut off in a text") or "early" not in problem["detail"]


@pytest.mark.parametrize("text", ["😀", "\\ud83d\\ude00", "\\\\ud800", "a\\u0041\\n", "é"])
def test_well_formed_values_are_accepted(text: str) -> None:
    raw = b'{"source_url": "https://a.example/v", "title": "' + text.encode() + b'"}'
    assert decode_body(BY_NAME["createProject"], raw).title == msgspec.json.decode(f'"{text}"'.encode())


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "has no Content-Type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "announced as application/x-www-form-urlencoded"),
        ({"Content-Type": "application/json; charset=utf-16"}, "announced as utf-16: JSON is UTF-8"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "encoded as gzip"),
    ],
)
async def test_a_body_of_another_media_type_is_refused(
    open_client: OpenClient, headers: dict[str, str], told: str
) -> None:
    async with open_client() as client:
        answer = await client.post("/v1/projects", content=b"{}", headers=headers)
        assert answer.status_code == 415
        assert told in answer.json()["detail"]
        fine = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
        assert (await client.post("/v1/projects", content=b"{}", headers=fine)).status_code == 422


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limit=%ff", r"not UTF-8, in `\?limit`"),
        ("state=%ED%A0%80&limit=1", r"in `\?state`"),
        ("&".join(f"a{number}=1" for number in range(60)), "more than 50 parameters"),
    ],
)
def test_an_unreadable_query_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(ApiProblem, match=told) as caught:
        decode_query(BY_NAME["listProjects"], text)
    assert caught.value.code == "malformed-request"


async def test_the_character_nul_is_located_in_every_field(open_client: OpenClient) -> None:
    body = {"source_url": "https://a.example/v", "title": "a\0", "options": {"prompt": "b\0", "topics": ["c\0"]}}
    async with open_client() as client:
        problem = (await client.post("/v1/projects", json=body)).json()
        assert [one["pointer"] for one in problem["errors"]] == ["/title", "/options/topics/0", "/options/prompt"]
        assert (await client.get(f"/v1/projects?cursor=a%00&state=x&a={uuid4()}")).json()["errors"][-1]["pointer"] == (
            "?cursor"
        )
