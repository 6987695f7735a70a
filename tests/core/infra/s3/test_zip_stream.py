"""A streamed zip can be read, has the announced length, and breaks off if a member's length differs."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import AsyncIterator
from functools import partial

import pytest

from core.infra.s3.zip_stream import LARGEST_BYTES, Member, compute_zip_size, stream_zip

NOON = dt.datetime(2026, 5, 6, 12, 0, 2, tzinfo=dt.UTC)
BLOCK = 1000


async def blocks(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), BLOCK):
        yield body[at : at + BLOCK]


def member(name: str, body: bytes, size: int | None = None) -> Member:
    return Member(name=name, size=len(body) if size is None else size, made_at=NOON, open=partial(blocks, body))


async def test_every_member_reads_back_and_the_length_is_known() -> None:
    bodies = {"clip-01-9x16.mp4": bytes(range(256)) * 40, "empty.txt": b"", "manifest.json": b"{}\n"}
    members = [member(name, body) for name, body in bodies.items()]
    pieces = [piece async for piece in stream_zip(members)]
    whole = b"".join(pieces)
    assert len(whole) == compute_zip_size(members)
    assert max(map(len, pieces)) < BLOCK + 200, "nothing is held back"
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == bodies
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(2026, 5, 6, 12, 0, 2)}


async def test_a_zip_in_64_bit_form_has_no_length_and_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compute_zip_size([member("a", b"", LARGEST_BYTES)]) is None
    monkeypatch.setattr("core.infra.s3.zip_stream.LARGEST_BYTES", 100)
    members = [member("a.mp4", b"a" * 5000), member("b.mp4", b"b" * 3)]
    assert compute_zip_size(members) is None
    whole = b"".join([piece async for piece in stream_zip(members)])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert (archive.testzip(), archive.read("b.mp4")) == (None, b"bbb")


async def test_a_member_of_another_length_breaks_the_zip_off() -> None:
    with pytest.raises(ValueError, match=r"a\.mp4 has 5 bytes, not 6"):
        _ = [piece async for piece in stream_zip([member("a.mp4", b"12345", 6)])]
