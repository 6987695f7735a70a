"""Downloads: cut, resumed, changed meanwhile, too large, too slow. No sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import InputRejected, TooSlow, Unavailable
from core.infra.http.client import OutsideHttp
from core.infra.http.file_download import BOOT_ID, NOTE_SUFFIX, DownloadNote, Pace, validator_of
from tests.support.fake_server import Names, Wire, answer, fetch


async def test_a_file_that_is_too_large_is_refused_by_header_and_count(tmp_path: Path) -> None:
    told = OutsideHttp(resolver=Names(), connector=Wire(answer(200, b"x" * 2000)))
    with pytest.raises(InputRejected, match=r"media\.too_large"):
        await fetch(told, "http://a.example/", tmp_path / "file", max_bytes=1000)
    untold = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"
    client = OutsideHttp(resolver=Names(), connector=Wire(untold))
    with pytest.raises(InputRejected, match=r"media\.too_large"):
        await fetch(client, "http://a.example/", tmp_path / "file2", max_bytes=1000)


async def test_a_cut_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = bytes(range(256)) * 40
    first = answer(200, whole, etag='"v1"')[:-6000]
    rest = answer(
        206, whole[-6000:], etag='"v1"', content_range=f"bytes {len(whole) - 6000}-{len(whole) - 1}/{len(whole)}"
    )
    wire = Wire(first, rest)
    client = OutsideHttp(resolver=Names(), connector=wire)
    assert await fetch(client, "http://a.example/", tmp_path / "file") == len(whole)
    assert (tmp_path / "file").read_bytes() == whole
    asked = b"".join(wire.sent).lower()
    assert f"range: bytes={len(whole) - 6000}-".encode() in asked
    assert b'if-range: "v1"' in asked


def test_a_server_that_drips_is_too_slow() -> None:
    pace = Pace(0.0, 0)
    for second in range(60):
        pace.check(float(second), second * 17 * 1024)
    with pytest.raises(TooSlow, match="64 KiB a second"):
        pace.check(60.0, 60 * 17 * 1024)


def test_a_server_that_drips_after_a_fast_beginning_is_too_slow() -> None:
    pace, fast = Pace(0.0, 0), 2**30
    pace.check(10.0, fast)
    for second in range(11, 70):
        pace.check(float(second), fast + second * 17 * 1024)
    with pytest.raises(TooSlow):
        pace.check(72.0, fast + 72 * 17 * 1024)


def test_a_steady_or_restarted_download_is_not_too_slow() -> None:
    pace = Pace(0.0, 0)
    for second in range(600):
        pace.check(float(second), second * 80_000)
    for second in range(600, 1200):  # the file had changed
        pace.check(float(second), (second - 600) * 80_000)
    pace.check(1230.0, 600 * 80_000 + 2 * 60 * 80_000)  # half a minute without a byte, and then all of it


async def test_an_impossible_part_of_the_file_is_not_a_bug(tmp_path: Path) -> None:
    whole = b"x" * 1000
    odd = answer(206, b"y", etag='"v"', content_range=f"bytes {'9' * 5000}-{'9' * 5000}/*")
    client = OutsideHttp(resolver=Names(), connector=Wire(*[answer(200, whole, etag='"v"')[:-500], *[odd] * 9]))
    with pytest.raises(Unavailable):
        await fetch(client, "http://a.example/", tmp_path / "file")


WHOLE = bytes(range(256)) * 4


def leave(path: Path, received: int, **changes: Any) -> None:
    """Leave the files of a killed process: some bytes of ``WHOLE``, and a note."""
    path.write_bytes(WHOLE[:received])
    note = DownloadNote(validator='"v1"', size=len(WHOLE), boot=BOOT_ID.read_text().strip())
    path.with_name(path.name + NOTE_SUFFIX).write_bytes(msgspec.json.encode(msgspec.structs.replace(note, **changes)))


def rest(start: int, etag: str = '"v1"', total: int = len(WHOLE), end: int = len(WHOLE)) -> bytes:
    return answer(206, WHOLE[start:end], etag=etag, content_range=f"bytes {start}-{end - 1}/{total}")


@pytest.mark.parametrize("left", [400, len(WHOLE)], ids=["a part", "the whole"])
async def test_the_partial_file_of_a_killed_process_is_continued(left: int, tmp_path: Path) -> None:
    """For a complete file the last byte is requested again: the server must confirm that the file is the same."""
    leave(tmp_path / "file", left)
    start = min(left, len(WHOLE) - 1)
    wire = Wire(rest(start))
    assert await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file") == 1024
    assert (tmp_path / "file").read_bytes() == WHOLE
    assert f"range: bytes={start}-".encode() in wire.sent[0].lower()


@pytest.mark.parametrize(
    "changes", [{"boot": "another"}, {"validator": ""}, {"size": 300}], ids=["power cut", "no validator", "too long"]
)
async def test_an_unidentifiable_partial_file_is_fetched_again(changes: dict[str, Any], tmp_path: Path) -> None:
    leave(tmp_path / "file", 400, **changes)
    (tmp_path / "file").write_bytes(b"x" * 400)
    wire = Wire(answer(200, WHOLE, etag='"v1"'))
    await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == WHOLE
    assert b"range:" not in wire.sent[0].lower()


async def test_a_torn_note_counts_as_missing(tmp_path: Path) -> None:
    leave(tmp_path / "file", 400)
    (tmp_path / f"file{NOTE_SUFFIX}").write_bytes(b'{"validator":')
    wire = Wire(answer(200, WHOLE))
    assert await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file") == 1024
    assert (tmp_path / "file").read_bytes() == WHOLE
    assert not (tmp_path / f"file{NOTE_SUFFIX}").exists(), "this answer names no validator: nothing to go on with"


@pytest.mark.parametrize("odd", [rest(400, etag='"v2"'), rest(400, total=2000)], ids=["another tag", "another size"])
async def test_a_server_that_does_not_heed_if_range_is_not_believed(odd: bytes, tmp_path: Path) -> None:
    leave(tmp_path / "file", 400)
    client = OutsideHttp(resolver=Names(), connector=Wire(odd, answer(200, WHOLE, etag='"v2"')))
    with pytest.raises(Unavailable, match="changed"):
        await fetch(client, "http://a.example/", tmp_path / "file")
    await fetch(client, "http://a.example/", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == WHOLE


async def test_the_rest_of_a_short_answer_is_requested_again(tmp_path: Path) -> None:
    leave(tmp_path / "file", 400)
    wire = Wire(rest(400, end=700), rest(700))
    assert await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file") == 1024
    assert (tmp_path / "file").read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"v"', "last-modified": "x"}, '"v"'),
        ({"etag": 'W/"v"'}, ""),
        ({"last-modified": "Sat, 01 Aug 2026 10:00:00 GMT"}, ""),
        ({"last-modified": "Sat, 01 Aug 2026 10:00:00 GMT", "date": "Sat, 01 Aug 2026 10:00:00 GMT"}, ""),
        (
            {"last-modified": "Sat, 01 Aug 2026 10:00:00 GMT", "date": "Sat, 01 Aug 2026 10:00:01 GMT"},
            "Sat, 01 Aug 2026 10:00:00 GMT",
        ),
        ({"last-modified": f"Sat, 01 Aug {10**20} 10:00:00 GMT", "date": "Sat, 01 Aug 2026 10:00:01 GMT"}, ""),
        ({"last-modified": "yesterday", "date": "Sat, 01 Aug 2026 10:00:01 GMT"}, ""),
        ({}, ""),
    ],
)
def test_only_a_strong_identifier_is_a_validator(headers: dict[str, str], validator: str) -> None:
    assert validator_of(headers) == validator


async def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"a" * 900, etag='"v1"')[:-500], answer(200, b"b" * 700, etag='"v2"'))
    client = OutsideHttp(resolver=Names(), connector=wire)
    assert await fetch(client, "http://a.example/", tmp_path / "file") == 700
    assert (tmp_path / "file").read_bytes() == b"b" * 700


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "url.not_found"), (410, "url.not_found"), (403, "url.forbidden"), (418, "url.refused")]
)
async def test_permanent_errors_are_refusals(status: int, reason: str, tmp_path: Path) -> None:
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(status)))
    with pytest.raises(InputRejected) as refused:
        await fetch(client, "http://a.example/", tmp_path / "file")
    assert refused.value.reason == reason


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_temporary_errors_are_tried_later(status: int, tmp_path: Path) -> None:
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(status)))
    with pytest.raises(Unavailable):
        await fetch(client, "http://a.example/", tmp_path / "file")
