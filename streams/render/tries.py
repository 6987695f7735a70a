"""Makes a clip, and once more in a safer way where its certificate fails. Hides neither try; stores nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec

from schemas.documents import Certificate, FramePlan
from schemas.media import Value
from schemas.proof import Check, OtherTry
from streams.adapters.media.confine import ChildLimits
from streams.adapters.media.handles import SourceHandle
from streams.adapters.media.sandbox import ChildFailed, run_child
from streams.adapters.ports import Report
from streams.dead import TOLD, report_bug
from streams.errors import Rejected
from streams.render.hardware import ADDRESS_SPACE_BYTES
from streams.render.safer import Simpler, failed, simpler
from streams.render.task import Rendered, RenderTask

LIMITS = ChildLimits(memory_bytes=3_000_000_000, cpu_s=3_600, wall_s=3_600.0, nice=19)
"""A 4K source takes 1.2 GB."""
SECOND = "second"


class Made(Value, frozen=True, kw_only=True):
    """A finished clip: where its files lie, by which plan, and what was measured."""

    folder: Path
    plan: FramePlan
    rendered: Rendered
    cpu_ms: int
    """Of all tries."""

    @property
    def certificate(self) -> Certificate:
        """What was measured on it."""
        return self.rendered.certificate

    def certified(self, certificate: Certificate, cpu_ms: int) -> Made:
        """The same with another certificate and cost."""
        rendered = msgspec.structs.replace(self.rendered, certificate=certificate)
        return msgspec.structs.replace(self, rendered=rendered, cpu_ms=cpu_ms)


class Onward:
    """One growing counter over children that each count from 0: the lease is kept only while it grows."""

    def __init__(self, report: Report) -> None:
        """Hand on to ``report``."""
        self._report = report
        self._before = self._last = 0

    def __call__(self, count: int) -> None:
        """A child has come so far."""
        self._last = max(self._last, self._before + count)
        self._report(self._last)

    def next(self) -> None:
        """Another child begins."""
        self._before = self._last


async def best_of_two(task: RenderTask, *, source: SourceHandle, scratch: Path, report: Report) -> Made:
    """The clip as it was asked for; where that fails and something safer may not, the better of both.

    Raises as `run_child` for the first; a second one that cannot be made leaves the first.
    """
    onward = Onward(report)
    first = await _make(task, scratch, source, onward)
    faults = failed(first.certificate.checks)
    safer = simpler(task.plan, task.template, faults) if faults else None
    if safer is None:
        return first
    onward.next()
    folder = scratch / SECOND
    folder.mkdir()
    again = msgspec.structs.replace(task, plan=safer.plan, template=safer.template)
    try:
        second = await _make(again, folder, source, onward)
    except Rejected as error:
        return alone(first, safer, error.detail)
    except ChildFailed as error:
        report_bug(error, "render")
        return alone(first, safer, TOLD["bug"])
    return better(first, second, safer)


async def _make(task: RenderTask, folder: Path, source: SourceHandle, report: Report) -> Made:
    args = {"task": msgspec.json.encode(task).decode(), "scratch": str(folder)}
    space = ADDRESS_SPACE_BYTES if task.encoding.by_hardware else LIMITS.memory_bytes
    limits = msgspec.structs.replace(LIMITS, memory_bytes=space)
    result = await run_child(
        "streams.render.encode:main", args, scratch=folder, limits=limits, source=source, report=report
    )
    return Made(folder=folder, plan=task.plan, rendered=msgspec.convert(result, Rendered), cpu_ms=int(result["cpu_ms"]))


def better(first: Made, second: Made, safer: Simpler) -> Made:
    """Whichever has fewer failed checks, then fewer warnings; of two alike that which was asked for."""
    took_second = _faults(second.certificate.checks) < _faults(first.certificate.checks)
    kept, other = (second, first) if took_second else (first, second)
    certificate = msgspec.structs.replace(
        kept.certificate,
        tries=2,
        safer=safer.told if took_second else [],
        other_try=OtherTry(
            number=1 if took_second else 2,
            verdict=other.certificate.verdict,
            faults=failed(other.certificate.checks),
            safer=[] if took_second else safer.told,
        ),
        warnings=[*kept.certificate.warnings, _sentence(first, second, safer, took_second=took_second)],
    )
    return kept.certified(certificate, first.cpu_ms + second.cpu_ms)


def _faults(checks: list[Check]) -> tuple[int, int]:
    return len(failed(checks)), sum(check.verdict == "warn" for check in checks)


def _sentence(first: Made, second: Made, safer: Simpler, *, took_second: bool) -> str:
    once, again = (", ".join(failed(one.certificate.checks)) for one in (first, second))
    how = " and ".join(safer.told)
    if not again:
        return f"export.second_try: the file as asked for failed ({once}); this is a second one, with {how}"
    kept = f"this is the second one, with {how}" if took_second else f"this is the first; the second had {how}"
    return f"export.failed_twice: both tries failed (the first: {once}; the second: {again}); {kept}"


def alone(first: Made, safer: Simpler, why: str) -> Made:
    """The first file, as there is no second."""
    faults = ", ".join(failed(first.certificate.checks))
    told = (
        f"export.failed_twice: the first file failed ({faults}), and a second one could not be made; this is the first"
    )
    other = OtherTry(number=2, verdict=None, faults=[], safer=safer.told, why=why)
    certificate = msgspec.structs.replace(
        first.certificate, tries=2, other_try=other, warnings=[*first.certificate.warnings, told]
    )
    return first.certified(certificate, first.cpu_ms)
