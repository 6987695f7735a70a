"""Pure parts of the API: cursors, traces, buckets, field pointers, parts, formats, ranges, listeners."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from typing import Literal
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.clips.interchange import encode_warnings
from api.http.limits.rate_limits import TokenBuckets
from api.http.pagination import Position, decode_cursor, encode_cursor
from api.http.trace_context import continue_trace
from api.http.validation import field_errors
from api.organisation.analytics import AnalyticsWindow, resolve_window
from api.problems.problem_details import ApiProblem
from api.projects.event_follower import Listeners, read_project_id
from api.projects.events import read_last_version
from api.projects.handlers import CreateProject
from api.search.models import highlight
from api.transcripts.acoustics import ReadSounds, thin_curve, thin_sounds
from api.transcripts.handlers import choose_format
from api.uploads.models import MAX_PARTS, MIB, max_parts, object_key, part_length, plan_parts
from api.wiring import make_url_check
from core.errors import InputRejected
from schemas.documents.acoustics import Curve
from tests.support.keys import named_ring, ring_of
from tests.support.media.heard_sounds import heard_sounds

RING = ring_of(b"s" * 32)
POSITION = Position(dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC), UUID(int=7))


def test_a_cursor_comes_back_and_belongs_to_its_listing() -> None:
    cursor = encode_cursor(RING, "projects/a", POSITION)
    assert decode_cursor(RING, "projects/a", cursor) == POSITION
    for ring, scope in ((RING, "projects/b"), (ring_of(b"t" * 32), "projects/a")):
        with pytest.raises(ApiProblem):
            decode_cursor(ring, scope, cursor)


def test_warnings_of_a_hand_over_fit_into_a_header() -> None:
    few = ["edl: a list has no levels", "rate: „krumm“"]
    assert json.loads(encode_warnings(few)) == few
    many = json.loads(told := encode_warnings([f"edl: s{number} plays at +3 dB" for number in range(200)]))
    assert len(told) < 4_000
    assert many[-1] == f"and {200 - len(many) + 1} more like these"


@given(st.text(max_size=120))
def test_any_other_text_is_refused_as_a_cursor(text: str) -> None:
    with pytest.raises(ApiProblem):
        decode_cursor(RING, "projects/a", text)


def test_traces_are_continued_or_begun() -> None:
    theirs = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
    made = continue_trace(theirs, lambda count: "a" * count * 2)
    assert made == "00-4bf92f3577b34da6a3ce929d0e0e4736-aaaaaaaaaaaaaaaa-00"
    for bad in (
        None,
        "",
        "01" + theirs[2:],
        theirs.upper(),
        theirs.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
    ):
        assert continue_trace(bad, lambda count: "b" * count * 2) == f"00-{'b' * 32}-{'b' * 16}-01"


def test_a_bucket_refills_evenly_and_admits_no_more() -> None:
    now = 0.0
    buckets = TokenBuckets(60, lambda: now)
    admitted = sum(buckets.take("a").wait_s == 0 for _ in range(100))
    assert admitted == 15
    assert buckets.take("b").wait_s == 0
    for second in range(1, 61):
        now = float(second)
        admitted += sum(buckets.take("a").wait_s == 0 for _ in range(3))
    assert admitted == 15 + 60


class Inner(msgspec.Struct):
    numbers: list[int]
    named: dict[Literal["a"], str] = {}


class Outer(msgspec.Struct):
    inner: Inner


def test_a_cursor_lives_as_long_as_its_secret() -> None:
    cursor = encode_cursor(named_ring(k1=b"1" * 32), "projects/a", POSITION)
    assert cursor.startswith("k1.")
    assert decode_cursor(named_ring(k2=b"2" * 32, k1=b"1" * 32), "projects/a", cursor) == POSITION
    with_nameless = named_ring(k2=b"2" * 32, **{"": b"s" * 32})
    assert decode_cursor(with_nameless, "a", encode_cursor(RING, "a", POSITION)) == POSITION
    for ring in (named_ring(k2=b"2" * 32), named_ring(k1=b"2" * 32)):
        with pytest.raises(ApiProblem, match="does not belong"):
            decode_cursor(ring, "projects/a", cursor)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b'{"inner":{"numbers":[1,"x"]}}', "/inner/numbers/1"),
        (b'{"inner":3}', "/inner"),
        (b"{}", "/inner"),
        (b"3", ""),
        (b'{"inner":{"numbers":[],"named":{"a":1}}}', "/inner/named/a"),
        (b'{"inner":{"numbers":[],"named":{"b":"1"}}}', "/inner/named/b"),
        (b'{"inner":{"numbers":[],"named":{"a":{"a":1}}}}', "/inner/named/a"),
    ],
)
def test_field_errors_become_json_pointers(text: bytes, pointer: str) -> None:
    (found,) = field_errors(msgspec.json.decode(text), Outer)
    assert found.pointer == pointer
    assert "`$" not in found.detail


@pytest.mark.parametrize(
    "name",
    [" - at `$" + "[" * 40_000, " - at `$" + ".a" * 40_000, " - at `$" * 40_000, "a" * 400_000],
    ids=["[", ".", "$", "a"],
)
def test_an_unknown_field_is_named_quickly_and_in_short(name: str) -> None:
    began_s = time.process_time()
    (found,) = field_errors({"options": {}, name: 1}, CreateProject)
    assert time.process_time() - began_s < 0.5
    assert len(found.detail) + len(found.pointer) < 2_000


class Red(msgspec.Struct, tag="red", tag_field="op", forbid_unknown_fields=True):
    shade: Literal["dark", "light"] | None = None


class Blue(msgspec.Struct, tag="blue", tag_field="op"):
    pass


class Palette(msgspec.Struct):
    colours: list[Red | Blue] = []
    by_room: dict[str, Literal["warm", "cold"]] = {}


@pytest.mark.parametrize(
    ("text", "pointer", "told"),
    [
        (
            b'{"colours":[{"op":"red"},{"op":"red","shade":"x"}]}',
            "/colours/1/shade",
            "It must be one of dark, light, not `x`.",
        ),
        (b'{"colours":[{"op":"green"}]}', "/colours/0/op", "It must be one of blue, red."),
        (b'{"by_room":{"hall":"hot"}}', "/by_room/hall", "It must be one of cold, warm, not `hot`."),
        (
            b'{"colours":[{"op":"red","a/b~":1}]}',
            "/colours/0/a~1b~0",
            "There is no field `a/b~`; there are `op`, `shade`.",
        ),
    ],
)
def test_a_wrong_choice_is_refused_with_the_choices(text: bytes, pointer: str, told: str) -> None:
    (found,) = field_errors(msgspec.json.decode(text), Palette)
    assert (found.pointer, found.detail) == (pointer, told)


@given(st.integers(1, 5 * 2**40), st.none() | st.integers(1, MAX_PARTS))
def test_planned_parts_cover_the_file_within_s3s_limits(size: int, wanted: int | None) -> None:
    part = plan_parts(size, wanted)
    if part is None:
        assert size <= 64 * MIB
    else:
        assert part >= 5 * MIB
        count = -(-size // part)
        assert count <= max_parts(size) <= MAX_PARTS
        assert (count - 1) * part + part_length(size, part, count) == size
        assert 0 < part_length(size, part, count) <= part == part_length(size + part, part, 1)


@pytest.mark.parametrize(
    ("filename", "end"),
    [
        ("Talk.MP4", "/source.mp4"),
        ("../../etc/passwd", "/source"),
        ("a.b/c", "/source"),
        ("x.mp4\n", "/source"),
        ("é.mkv", "/source.mkv"),
    ],
)
def test_object_keys_hold_nothing_of_a_name_but_a_plain_extension(filename: str, end: str) -> None:
    org, upload = uuid4(), uuid4()
    assert object_key(org, upload, filename) == f"{org}/uploads/{upload}{end}"


def test_a_transcript_format_is_chosen_by_header_or_query() -> None:
    assert choose_format("srt", "application/json") == "srt"
    assert choose_format(None, None) == "json"
    assert choose_format(None, "text/vtt, */*;q=0.1") == "vtt"
    assert choose_format(None, "text/plain") == "txt"
    with pytest.raises(ApiProblem):
        choose_format(None, "image/png")


def test_highlights_are_escaped_before_they_are_marked() -> None:
    hit = {"text": "x", "_formatted": {"title": "none", "text": "<script>\ue000hi\ue001</script>"}}
    assert highlight(hit, "title", "text") == "&lt;script&gt;<mark>hi</mark>&lt;/script&gt;"


def test_last_event_ids_are_parsed() -> None:
    assert read_last_version("17", 3) == 17
    assert read_last_version(None, 3) == 3
    for bad in ("x", "-1", "٣", "9" * 30):
        with pytest.raises(ApiProblem):
            read_last_version(bad, 0)


async def test_listeners_are_woken_for_their_project_and_forgotten() -> None:
    listeners, mine, other = Listeners(look_anyway_s=60), uuid4(), uuid4()
    listening = listeners.listen(mine)
    await anext(listening)
    second = asyncio.create_task(anext(listening))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    listeners.wake(other)
    await asyncio.sleep(0.01)
    assert not second.done()
    listeners.wake(mine)
    await asyncio.wait_for(second, 1)
    await listening.aclose()  # type: ignore[attr-defined]
    assert listeners._waiting == {}
    assert read_project_id(str(mine).encode()) == mine
    assert read_project_id(b"\xff") is None


async def test_urls_are_checked_before_they_are_stored() -> None:
    async def resolver(host: str, port: int) -> list[str]:
        found = {"good.example": ["93.184.216.34"], "bad.example": ["93.184.216.34", "10.0.0.1"]}
        if host not in found:
            raise OSError("no such name")
        return found[host]

    check = make_url_check(("127.0.0.1:9000",), resolver)
    for url in ("https://good.example/v.mp4", "https://unknown.example/v.mp4", "http://127.0.0.1:9000/hook"):
        await check(url)
    for url in ("https://bad.example/", "ftp://good.example/", "http://127.0.0.1:9001/", "https://u:p@good.example/"):
        with pytest.raises(InputRejected):
            await check(url)


@pytest.mark.parametrize(
    "window",
    [
        {"since": "0001-01-01T00:00:00+23:59"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"since": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
        {"since": "2024-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
    ],
)
def test_windows_beyond_the_stores_range_are_refused(window: dict[str, str]) -> None:
    with pytest.raises(ApiProblem):
        resolve_window(msgspec.convert(window, AnalyticsWindow), dt.datetime(2026, 11, 21, tzinfo=dt.UTC))


def test_the_default_window_is_the_last_week() -> None:
    now = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert resolve_window(AnalyticsWindow(), now) == (now - dt.timedelta(days=7), now)


def test_a_thinned_curve_keeps_means_and_gaps() -> None:
    curve = Curve(step_ms=100, unit="LUFS", values=[-10.0, -20.0, None, None, None, -30.0, -5.0])
    thin = thin_curve(curve, 4)
    assert (thin.step_ms, thin.values) == (200, [-15.0, None, -30.0, -5.0])
    assert thin_curve(curve, 7) is curve
    assert thin_curve(Curve(step_ms=100, unit="", values=[]), 10).values == []


def test_only_the_requested_kind_of_event_is_shown() -> None:
    sounds = heard_sounds(30)
    assert [event.kind for event in thin_sounds(sounds, ReadSounds(kind="silence")).events] == ["silence"]
    assert len(thin_sounds(sounds, ReadSounds()).events) == len(sounds.events)
