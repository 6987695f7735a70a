"""The state file of a stack: readable, secrets in a file of their own, a lock that cannot be stale."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.config.stack_secrets import load_or_make
from local.config.state import Layout, PartStatus, StackState, is_running, load, save, try_lock
from local.errors import StackError


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path)


def test_a_saved_state_is_loaded(layout: Layout) -> None:
    parts = {"kafka": PartStatus(name="kafka", state="ready", pid=7, port=20_003, restarts=2, ready_after_s=1.5)}
    state = StackState(stack_id="ab12", phase="ready", port_base=20_000, parts=parts)
    save(layout, state)
    assert load(layout) == state


def test_a_missing_stack_loads_as_none(layout: Layout) -> None:
    assert load(layout) is None


def test_a_broken_file_names_the_remedy(layout: Layout) -> None:
    layout.stack_json.write_text("{")
    with pytest.raises(StackError, match="clipstream reset"):
        load(layout)


def test_the_state_is_readable_and_the_secrets_are_not(layout: Layout) -> None:
    before = os.umask(0o077)
    try:
        save(layout, StackState(stack_id="ab12"))
        load_or_make(layout)
    finally:
        os.umask(before)
    assert stat.S_IMODE(layout.stack_json.stat().st_mode) == 0o644
    assert stat.S_IMODE(layout.secrets.stat().st_mode) == 0o600


def test_secrets_are_generated_once_and_differ(layout: Layout) -> None:
    made = load_or_make(layout)
    assert load_or_make(layout) == made
    assert made.postgres_api != made.postgres_worker


def test_the_readable_file_holds_no_secret(layout: Layout) -> None:
    made = load_or_make(layout)
    save(layout, StackState(stack_id="ab12", endpoints={"api": "http://127.0.0.1:20000"}))
    text = layout.stack_json.read_text()
    assert made.s3_secret_key not in text
    assert made.product not in text


def test_a_held_lock_means_running_and_a_freed_one_does_not(layout: Layout) -> None:
    assert not is_running(layout)
    held = try_lock(layout)
    assert held is not None
    assert is_running(layout)
    assert try_lock(layout) is None
    os.close(held)
    assert not is_running(layout), "the file is still there, the lock is not: never stale"


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Layout]:
    """A directory that we may not look into, also where the tests run as root."""
    place = tmp_path / "theirs"
    place.mkdir(mode=0o000)
    if os.geteuid() == 0:
        os.seteuid(65_534)
        yield Layout(root=place)
        os.seteuid(0)
    else:
        yield Layout(root=place)
        place.chmod(0o700)


def test_a_stack_of_another_user_is_reported_as_such(foreign: Layout) -> None:
    for ask in (is_running, load, try_lock):
        with pytest.raises(StackError, match="belongs to another user"):
            ask(foreign)
