"""The child's view of a source: it requests missing bytes once, and reports if they do not come."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from core.media.sandbox.child_source import ANSWER, EMPTY_ANSWER, REQUEST, SourceLost, open_source

BODY = os.urandom(3_000_000)


@contextmanager
def answering(answers: list[bytes]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """A channel that gives each answer in turn and then closes; with the requests it received."""
    ours, theirs = socket.socketpair()
    asked: list[tuple[int, int]] = []

    def answer() -> None:
        with ours:
            for one in answers:
                offset, length = REQUEST.unpack(ours.recv(REQUEST.size))
                asked.append((offset, length))
                ours.sendall(one)

    thread = Thread(target=answer)
    thread.start()
    with theirs:
        yield theirs.fileno(), asked
    thread.join()


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "film").write_bytes(BODY)
    handle = os.open(tmp_path / "film", os.O_RDONLY)
    yield handle
    os.close(handle)


def test_available_ranges_are_not_requested_again(descriptor: int) -> None:
    """Alternating distant reads, as in a file that stores its sound far behind its pictures."""
    with answering([ANSWER.pack(0, len(BODY))]) as (channel, asked):
        source = open_source(descriptor=descriptor, size=len(BODY), channel=channel)
        for place in range(0, 1_000_000, 50_000):
            for offset in (place, place + 1_900_000):
                source.seek(offset)
                assert source.read(100) == BODY[offset : offset + 100]
    assert len(asked) == 1


def test_a_read_stays_within_the_available_bytes(descriptor: int) -> None:
    with answering([ANSWER.pack(0, 1_000_000), ANSWER.pack(1_000_000, len(BODY))]) as (channel, asked):
        source = open_source(descriptor=descriptor, size=len(BODY), channel=channel)
        assert source.read() == BODY
    assert [offset for offset, _ in asked] == [0, 1_000_000]


@pytest.mark.parametrize("answers", [[EMPTY_ANSWER], [], [ANSWER.pack(500, 600)]])
def test_bytes_that_do_not_come_are_lost(descriptor: int, answers: list[bytes]) -> None:
    with answering(answers) as (channel, _):
        source = open_source(descriptor=descriptor, size=len(BODY), channel=channel)
        with pytest.raises(SourceLost):
            source.read(10)
