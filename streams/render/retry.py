"""Makes clips, and one of them once more in a safer way where its certificate fails. Hides no try; stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.domain.editing.clock import unstyled
from core.errors import Rejected
from core.infra.telemetry import report_bug
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.parent import ChildFailed, run_child
from core.media.sandbox.source_handle import SourceHandle
from core.progress import Report, Steps
from schemas.common import Value
from schemas.documents.export import Certificate
from schemas.documents.frame_plan import FramePlan
from schemas.documents.quality import Check, OtherTry
from streams.render.fallback_plan import Simpler, failed, simpler
from streams.renderer.codecs import Encoding
from streams.renderer.encoding.nvenc_probe import ADDRESS_SPACE_BYTES
from streams.renderer.job import RenderJob, RenderResult, clip_file_name
from streams.renderer.segments.packets import EarlierFile
from streams.runtime.dead_letters import TOLD

LIMITS = ChildLimits(memory_bytes=3_000_000_000, cpu_s=3_600, wall_s=3_600.0, nice=19)
"""Of one file. A 4K source takes 1.2 GB."""
SIBLING_BYTES = 500_000_000
"""What each further file of the same child may take."""
SECOND = "second"


class Made(Value, frozen=True, kw_only=True):
    """A finished clip: where its files lie, by which plan, and what was measured."""

    folder: Path
    plan: FramePlan
    rendered: RenderResult
    cpu_ms: int
    """Of all tries."""

    @property
    def certificate(self) -> Certificate:
        """What was measured on it."""
        return self.rendered.certificate

    def file(self, encoding: Encoding) -> EarlierFile:
        """What another try may take of it: what is shown there as it is here."""
        made = self.rendered
        return EarlierFile(path=str(self.folder / clip_file_name(encoding)), threads=made.threads, chunks=made.chunks)

    def certified(self, certificate: Certificate, cpu_ms: int) -> Made:
        """The same with another certificate and cost."""
        rendered = msgspec.structs.replace(self.rendered, certificate=certificate)
        return msgspec.structs.replace(self, rendered=rendered, cpu_ms=cpu_ms)


Ended = Made | Rejected | ChildFailed
"""A clip, or why there is none."""


async def made_together(
    tasks: Sequence[RenderJob], *, source: SourceHandle, folders: Sequence[Path], report: Report
) -> list[Ended]:
    """Each clip, the better of two tries; the first ones of all by one decode, and alone what went wrong there.

    Raises Unavailable.
    """
    steps = Steps(report)
    firsts = await _side_by_side(tasks, folders, source, steps.part())
    return [
        await _ended(task, folder, first, source, steps)
        for task, folder, first in zip(tasks, folders, firsts, strict=True)
    ]


async def _ended(task: RenderJob, folder: Path, first: Made | None, source: SourceHandle, steps: Steps) -> Ended:
    try:
        if first is None:
            first = await _make(task, folder, source, steps.part())
        return await best_of_two(first, task, source, steps)
    except (Rejected, ChildFailed) as error:
        return error


async def best_of_two(first: Made, task: RenderJob, source: SourceHandle, steps: Steps) -> Made:
    """The clip as it was asked for; where that fails and something safer may not, the better of both.

    A second one that cannot be made leaves the first. Raises Unavailable.
    """
    faults = failed(first.certificate.checks)
    styled = any(piece.style for piece in task.pieces)
    safer = simpler(task.plan, task.template, faults, styled=styled) if faults else None
    if safer is None:
        return first
    folder = first.folder / SECOND
    folder.mkdir()
    again = msgspec.structs.replace(
        task,
        plan=safer.plan,
        pieces=task.pieces if safer.styles else unstyled(task.pieces),
        template=safer.template,
        earlier_files=[first.file(task.encoding), *task.earlier_files],
    )
    try:
        second = await _make(again, folder, source, steps.part())
    except Rejected as error:
        return alone(first, safer, error.detail)
    except ChildFailed as error:
        report_bug(error, "render")
        return alone(first, safer, TOLD["bug"])
    return better(first, second, safer)


async def _side_by_side(
    tasks: Sequence[RenderJob], folders: Sequence[Path], source: SourceHandle, report: Report
) -> list[Made | None]:
    """The first try of several; None for one that is to be made alone."""
    apart: list[Made | None] = [None] * len(tasks)
    if len(tasks) == 1 or not all(msgspec.structs.replace(one, plan=tasks[0].plan) == tasks[0] for one in tasks):
        return apart
    try:
        return await _made(tasks, folders, source, report)
    except Rejected:
        return apart
    except ChildFailed as error:
        report_bug(error, "render")
        return apart


async def _make(task: RenderJob, folder: Path, source: SourceHandle, report: Report) -> Made:
    (made,) = await _made([task], [folder], source, report)
    assert made is not None
    return made


async def _made(
    tasks: Sequence[RenderJob], folders: Sequence[Path], source: SourceHandle, report: Report
) -> list[Made | None]:
    """One child for all; what it took is shared out among those that it made."""
    first, *others = tasks
    args = {
        "task": msgspec.json.encode(first).decode(),
        "plans": msgspec.json.encode([one.plan for one in others]).decode(),
        "folders": [str(folder) for folder in folders],
    }
    result = await run_child(
        "streams.render.child.main:main",
        args,
        scratch=folders[0],
        limits=limits_for(len(tasks), by_hardware=first.encoding.uses_nvenc),
        source=source,
        report=report,
    )
    rendered = msgspec.convert(result["rendered"], list[RenderResult | None])
    costs = iter(shared_out(int(result["cpu_ms"]), len([one for one in rendered if one is not None])))
    return [
        None if one is None else Made(folder=folder, plan=task.plan, rendered=one, cpu_ms=next(costs))
        for task, folder, one in zip(tasks, folders, rendered, strict=True)
    ]


def limits_for(files: int, *, by_hardware: bool) -> ChildLimits:
    """What a child that makes so many files may use."""
    space = ADDRESS_SPACE_BYTES if by_hardware else LIMITS.memory_bytes + (files - 1) * SIBLING_BYTES
    return msgspec.structs.replace(LIMITS, memory_bytes=space, cpu_s=LIMITS.cpu_s * files, wall_s=LIMITS.wall_s * files)


def shared_out(total: int, parts: int) -> list[int]:
    """Nearly equal parts that come to the total."""
    return [total // parts + (number < total % parts) for number in range(parts)]


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
