"""Children as real processes: the limits that hold, the outcome of each end, and no child outlives its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from core.errors import InputRejected, Overdue, Starved, Unavailable
from core.media.range_cache import SourceCache
from core.media.sandbox.child import outcome_message
from core.media.sandbox.child_source import SourceLost
from core.media.sandbox.parent import ChildFailed, ChildLimits, LocalSource, run_child
from core.media.sandbox.seccomp import ARCHES, build_filter
from core.media.sandbox.starvation import judge_timeout, measure_run_delay_s
from core.process_control import AUTOGROUP, MAX_SESSION_NICE
from core.settings import MediaLimits, SpanRules
from local.supervisor.processes import tie_to_parent
from streams.ingest.probe.child import ProbeArgs
from tests.core.media.fakes import ObjectsTwin
from tests.support.media.hostile_files import huge_picture
from tests.support.media.shared_media import media
from tests.support.progress import await_while_moving

CHECK = "core.media.sandbox.selfcheck:main"
PROBE = "streams.ingest.probe.child:main"
SLOW = "hostile/long_1080p_av1.mp4"
MAX_INSTRUCTIONS = 4096
"""Of a filter, by the kernel (BPF_MAXINSNS)."""


def probe_args(scratch: Path) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(
        ProbeArgs(scratch=str(scratch), limits=MediaLimits(), rules=SpanRules())
    )
    return made


async def test_every_wall_holds_and_threads_still_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSTREAM_SECRET", "not for children")
    counts: list[int] = []
    answer = await run_child(CHECK, {"scratch": str(tmp_path)}, scratch=tmp_path, report=counts.append)
    assert answer["walls"] == dict.fromkeys(answer["walls"], True)
    assert answer["threads"]
    assert not [name for name in answer["environment"] if name.startswith("CLIPSTREAM")]
    assert answer["cpu_ms"] > 0
    assert answer["peak_bytes"] > 10**6
    assert counts == sorted(counts)
    assert counts


async def test_new_memory_holds_zeros(tmp_path: Path) -> None:
    """x264 reads some memory before it writes it: earlier content would be in the file."""
    assert (await run_child(CHECK, {"scratch": str(tmp_path)}, scratch=tmp_path))["empty"]


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel shares the processor between processes only")
async def test_a_nice_child_steps_aside_as_a_session(tmp_path: Path) -> None:
    """A child has its own session; without this, that session would get as much processor time as the API."""
    limits = ChildLimits(nice=7)
    with LocalSource(media(SLOW)) as source:
        work = run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source, limits=limits)
        task = asyncio.create_task(work)
        nice = min(MAX_SESSION_NICE, os.nice(0) + 7)
        await await_while_moving(lambda: asyncio.to_thread(lambda: nice in _session_nices()), "its session is nicer")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_scratch_folder_lends_no_code(tmp_path: Path) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit(7)")
    assert (await run_child(CHECK, {"scratch": str(tmp_path)}, scratch=tmp_path))["threads"]


async def test_a_narrow_umask_does_not_close_the_childs_folders(tmp_path: Path) -> None:
    """The one-machine stack runs with 077; libav's modules are loaded when they are first needed."""
    before = os.umask(0o077)
    try:
        with LocalSource(media("hostile/sar_2x1.mp4")) as source:
            answer = await run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source)
    finally:
        os.umask(before)
    assert answer["spans"]


async def test_an_entry_outside_core_and_streams_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="is not in core or streams"):
        await run_child("os:getcwd", {}, scratch=tmp_path)


async def test_a_bug_comes_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="KeyError: 'scratch'"):
        await run_child(CHECK, {}, scratch=tmp_path)


@contextmanager
def crowded_core(hog_count: int) -> Iterator[None]:
    """What starts here runs on one core, which this many busy processes share."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    hogs = [
        subprocess.Popen(
            [sys.executable, "-c", "while True: pass"],
            start_new_session=True,
            preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
        )
        for _ in range(hog_count)
    ]
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        for one in hogs:
            one.kill()
            one.wait()


def tells_run_delay() -> bool:
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[0]) > 0
    except (OSError, ValueError, IndexError):
        return False


@pytest.mark.skipif(not tells_run_delay(), reason="this kernel does not say who waited for a processor")
async def test_a_busy_machine_gives_no_verdict_on_the_file(tmp_path: Path) -> None:
    limits = ChildLimits(wall_s=2)
    with crowded_core(4), LocalSource(media(SLOW)) as source:
        with pytest.raises(Starved, match="processor is not available") as starved:
            await run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source, limits=limits)
    assert not starved.value.counted, "an outage of ours is waited out"


@pytest.mark.parametrize(
    ("ran_s", "delay_s", "lost_s"),
    [
        pytest.param(15, 15, 0, id="four threads that share two cores wait for each other"),
        pytest.param(1, 29, 29, id="others have both cores"),
        pytest.param(1, 3, 3, id="short waits of several threads are no long one"),
    ],
)
def test_threads_that_wait_for_each_other_are_not_starved(
    tmp_path: Path, ran_s: int, delay_s: int, lost_s: int
) -> None:
    for thread in range(4):
        folder = tmp_path / "7" / "task" / str(thread)
        folder.mkdir(parents=True)
        (folder / "schedstat").write_text(f"{ran_s * 10**9} {delay_s * 10**9} 9\n")
    (tmp_path / "7" / "stat").write_text("7 (a child) R 1 7 7 0")
    assert measure_run_delay_s(7, 30, 2, tmp_path) == lost_s


class SlowSource(LocalSource):
    """A store that takes its time."""

    @property
    def complete(self) -> bool:
        return False

    async def ensure(self, offset: int, length: int) -> range:
        await asyncio.sleep(60)
        return range(self.size)


async def test_a_slow_store_gives_no_verdict_on_the_file(tmp_path: Path) -> None:
    with SlowSource(media(SLOW)) as source, pytest.raises(Starved):
        await run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source, limits=ChildLimits(wall_s=5))


def test_work_that_stands_still_by_itself_counts_as_a_try() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        verdict = judge_timeout(child.pid, 30)
        waited = judge_timeout(child.pid, 30, source_wait_s=10)
        child.kill()
    assert (type(verdict), verdict.counted, type(waited)) == (Overdue, True, Starved)


async def test_used_up_processor_time_is_a_verdict_on_the_file(tmp_path: Path) -> None:
    with LocalSource(media(SLOW)) as source:
        task = asyncio.create_task(run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source))
        await asyncio.sleep(0.3)
        for pid in _children():
            os.kill(pid, signal.SIGXCPU)  # as the kernel does at the limit
        with pytest.raises(InputRejected, match=r"media\.timeout"):
            await task


async def test_a_bomb_within_the_media_limits_hits_the_memory_limit(tmp_path: Path) -> None:
    args = msgspec.to_builtins(
        ProbeArgs(scratch=str(tmp_path), limits=MediaLimits(max_pixels=10**9), rules=SpanRules())
    )
    limits = ChildLimits(memory_bytes=400_000_000)
    bomb = huge_picture(tmp_path / "bomb.mp4", told=False)
    with LocalSource(bomb) as source, pytest.raises(InputRejected, match=r"media\.(bomb|corrupt)"):
        await run_child(PROBE, args, scratch=tmp_path, source=source, limits=limits)


async def test_cancelling_ends_the_child_before_it_returns(tmp_path: Path) -> None:
    with LocalSource(media(SLOW)) as source:
        work = run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source)
        task = asyncio.create_task(work)
        await asyncio.sleep(0.3)
        children = set(_children())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert children
    assert not children & set(_children())


async def test_a_child_killed_from_outside_gives_no_verdict_on_the_file(tmp_path: Path) -> None:
    with LocalSource(media(SLOW)) as source:
        task = asyncio.create_task(run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source))
        await asyncio.sleep(0.3)
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ChildFailed):
            await task


async def test_a_child_reads_an_object_through_the_cache(tmp_path: Path) -> None:
    objects = ObjectsTwin(film=os.urandom(5 * 2**20 + 17))
    cache = SourceCache(objects, tmp_path / "cache", 3 * 2**20)
    async with cache.open("film") as source:
        answer = await run_child(CHECK, {"scratch": str(tmp_path)}, scratch=tmp_path, source=source)
    assert answer["read"] == 5 * 2**20 + 17
    cache.close()


async def test_a_store_that_goes_down_is_the_stores_fault(tmp_path: Path) -> None:
    objects = ObjectsTwin(film=media("hostile/sar_2x1.mp4").read_bytes())
    objects.down = True
    cache = SourceCache(objects, tmp_path / "cache", 2**20)
    started = time.monotonic()
    async with cache.open("film") as source:
        with pytest.raises(Unavailable, match="it is down"):
            await run_child(PROBE, probe_args(tmp_path), scratch=tmp_path, source=source)
    assert time.monotonic() - started < 5
    cache.close()


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InputRejected("media.too_long", "x"), "rejected"),
        (Unavailable("disk", "x"), "unavailable"),
        (SourceLost("x"), "lost"),
        (MemoryError(), "rejected"),
        (OSError(27, "File too large"), "rejected"),
        (OSError(28, "No space left on device"), "unavailable"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "rejected"),
        (AttributeError("ours"), "bug"),
        (ValueError("ours"), "bug"),
    ],
)
def test_each_end_of_a_child_has_its_verdict(error: Exception, kind: str) -> None:
    assert outcome_message(_raised(error))[0] == kind


@pytest.mark.parametrize("machine", sorted(ARCHES))
def test_the_filter_is_whole_instructions_and_ends_by_refusing(machine: str) -> None:
    body = build_filter(machine, 1)
    assert len(body) % 8 == 0
    assert len(body) // 8 <= MAX_INSTRUCTIONS
    assert body[-8:] == b"\x06\x00\x00\x00\x01\x00\x05\x00"


def _session_nices() -> list[int]:
    return [int(Path(f"/proc/{pid}/autogroup").read_text().split()[-1]) for pid in _children()]


def _children() -> list[int]:
    """The sandboxed children: this process may also have servers of other tests as children."""
    below = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in below if b"core.media.sandbox.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
