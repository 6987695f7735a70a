"""Renders clips, with one safer retry where the certificate fails; both tries are reported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.domain.editing.clock import strip_styles
from core.errors import InputRejected
from core.infra.telemetry import report_bug
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.parent import ChildFailed, run_child
from core.media.sandbox.source_handle import SourceHandle
from core.progress import Report, Steps
from schemas.common import Value
from schemas.documents.export import Certificate
from schemas.documents.frame_plan import FramePlan
from schemas.documents.quality import Check, OtherTry
from streams.render.fallback_plan import FallbackPlan, build_fallback, list_failed_checks
from streams.renderer.codecs import Encoding
from streams.renderer.encoding.nvenc_probe import ADDRESS_SPACE_BYTES
from streams.renderer.job import EarlierFile, RenderJob, RenderResult, clip_file_name
from streams.runtime.dead_letters import CUSTOMER_SENTENCES

RENDER_LIMITS = ChildLimits(memory_bytes=3_000_000_000, cpu_s=3_600, wall_s=3_600.0, nice=19)
"""Limits of a child with one file. A 4K source takes 1.2 GB."""
EXTRA_FILE_BYTES = 500_000_000
"""Memory of each further file of the same child."""
SECOND_TRY_FOLDER = "second"
"""Folder of the second try, below the first one's."""


class RenderedClip(Value, frozen=True, kw_only=True):
    """A finished clip: its folder, its plan, and the child's result."""

    folder: Path
    plan: FramePlan
    rendered: RenderResult
    cpu_ms: int
    """Processor time of all tries."""

    @property
    def certificate(self) -> Certificate:
        """Certificate of the file."""
        return self.rendered.certificate

    def as_earlier_file(self, encoding: Encoding) -> EarlierFile:
        """The file as a source of segments for another try."""
        result = self.rendered
        return EarlierFile(
            path=str(self.folder / clip_file_name(encoding)), threads=result.threads, chunks=result.chunks
        )

    def with_certificate(self, certificate: Certificate, cpu_ms: int) -> RenderedClip:
        """The clip with another certificate and cost."""
        rendered = msgspec.structs.replace(self.rendered, certificate=certificate)
        return msgspec.structs.replace(self, rendered=rendered, cpu_ms=cpu_ms)


RenderOutcome = RenderedClip | InputRejected | ChildFailed
"""A clip, or the error that prevented it."""


async def render_with_retry(
    jobs: Sequence[RenderJob], *, source: SourceHandle, folders: Sequence[Path], report: Report
) -> list[RenderOutcome]:
    """Render each job, and keep the better of two tries.

    First tries share one decode; what fails there is rendered alone. Raises Unavailable.
    """
    steps = Steps(report)
    firsts = await _render_first_tries(jobs, folders, source, steps.part())
    return [
        await _retry_one(job, folder, first, source, steps)
        for job, folder, first in zip(jobs, folders, firsts, strict=True)
    ]


async def _retry_one(
    job: RenderJob, folder: Path, first: RenderedClip | None, source: SourceHandle, steps: Steps
) -> RenderOutcome:
    try:
        if first is None:
            first = await _render_one(job, folder, source, steps.part())
        return await best_of_two(first, job, source, steps)
    except (InputRejected, ChildFailed) as error:
        return error


async def best_of_two(first: RenderedClip, job: RenderJob, source: SourceHandle, steps: Steps) -> RenderedClip:
    """Retry where checks failed and a fallback may pass, and keep the better clip.

    A second try that cannot be rendered leaves the first. Raises Unavailable.
    """
    failed_checks = list_failed_checks(first.certificate.checks)
    has_styles = any(piece.style for piece in job.pieces)
    fallback = build_fallback(job.plan, job.template, failed_checks, has_styles=has_styles) if failed_checks else None
    if fallback is None:
        return first
    folder = first.folder / SECOND_TRY_FOLDER
    folder.mkdir()
    second_job = msgspec.structs.replace(
        job,
        plan=fallback.plan,
        pieces=job.pieces if fallback.keeps_styles else strip_styles(job.pieces),
        template=fallback.template,
        # Segments that the fallback leaves as they are need not be encoded again.
        earlier_files=[first.as_earlier_file(job.encoding), *job.earlier_files],
    )
    try:
        second = await _render_one(second_job, folder, source, steps.part())
    except InputRejected as error:
        return keep_first_try(first, fallback, error.detail)
    except ChildFailed as error:
        report_bug(error, "render")
        return keep_first_try(first, fallback, CUSTOMER_SENTENCES["bug"])
    return choose_better(first, second, fallback)


async def _render_first_tries(
    jobs: Sequence[RenderJob], folders: Sequence[Path], source: SourceHandle, report: Report
) -> list[RenderedClip | None]:
    """Render the first tries together; None for each that has to be rendered alone."""
    unrendered: list[RenderedClip | None] = [None] * len(jobs)
    # One decode serves several files only if nothing but their plans differs.
    if len(jobs) == 1 or not all(msgspec.structs.replace(job, plan=jobs[0].plan) == jobs[0] for job in jobs):
        return unrendered
    try:
        return await _run_render_child(jobs, folders, source, report)
    # One file may be at fault for all: each gets a child of its own.
    except InputRejected:
        return unrendered
    except ChildFailed as error:
        report_bug(error, "render")
        return unrendered


async def _render_one(job: RenderJob, folder: Path, source: SourceHandle, report: Report) -> RenderedClip:
    (clip,) = await _run_render_child([job], [folder], source, report)
    assert clip is not None
    return clip


async def _run_render_child(
    jobs: Sequence[RenderJob], folders: Sequence[Path], source: SourceHandle, report: Report
) -> list[RenderedClip | None]:
    """Run one child for all jobs, and split its cost among the rendered files."""
    first, *other_jobs = jobs
    args = {
        "task": msgspec.json.encode(first).decode(),
        "plans": msgspec.json.encode([job.plan for job in other_jobs]).decode(),
        "folders": [str(folder) for folder in folders],
    }
    result = await run_child(
        "streams.render.child.main:main",
        args,
        scratch=folders[0],
        writes=folders[1:],
        reads=[Path(path) for path in _list_read_files(first)],
        limits=child_limits(len(jobs), uses_nvenc=first.encoding.uses_nvenc),
        source=source,
        report=report,
    )
    rendered = msgspec.convert(result["rendered"], list[RenderResult | None])
    costs = iter(split_evenly(int(result["cpu_ms"]), len([render for render in rendered if render is not None])))
    return [
        None if render is None else RenderedClip(folder=folder, plan=job.plan, rendered=render, cpu_ms=next(costs))
        for job, folder, render in zip(jobs, folders, rendered, strict=True)
    ]


def _list_read_files(job: RenderJob) -> list[str]:
    """Files in the parent's scratch folder that the child reads: of the brand kit, and earlier exports."""
    brand = list(job.brand.files.values()) if job.brand else []
    return brand + [file.path for file in job.earlier_files]


def child_limits(files: int, *, uses_nvenc: bool) -> ChildLimits:
    """Limits of a child that renders several files."""
    space = ADDRESS_SPACE_BYTES if uses_nvenc else RENDER_LIMITS.memory_bytes + (files - 1) * EXTRA_FILE_BYTES
    return msgspec.structs.replace(
        RENDER_LIMITS,
        memory_bytes=space,
        cpu_s=RENDER_LIMITS.cpu_s * files,
        wall_s=RENDER_LIMITS.wall_s * files,
        uses_device=uses_nvenc,
    )


def split_evenly(total: int, parts: int) -> list[int]:
    """Split a total into nearly equal parts."""
    return [total // parts + (number < total % parts) for number in range(parts)]


def choose_better(first: RenderedClip, second: RenderedClip, fallback: FallbackPlan) -> RenderedClip:
    """Choose the clip with fewer failed checks, then fewer warnings; on a tie the first."""
    took_second = _count_faults(second.certificate.checks) < _count_faults(first.certificate.checks)
    better, rejected = (second, first) if took_second else (first, second)
    certificate = msgspec.structs.replace(
        better.certificate,
        tries=2,
        safer=fallback.changes if took_second else [],
        other_try=OtherTry(
            number=1 if took_second else 2,
            verdict=rejected.certificate.verdict,
            faults=list_failed_checks(rejected.certificate.checks),
            safer=[] if took_second else fallback.changes,
        ),
        warnings=[*better.certificate.warnings, _retry_warning(first, second, fallback, took_second=took_second)],
    )
    return better.with_certificate(certificate, first.cpu_ms + second.cpu_ms)


def _count_faults(checks: list[Check]) -> tuple[int, int]:
    return len(list_failed_checks(checks)), sum(check.verdict == "warn" for check in checks)


def _retry_warning(first: RenderedClip, second: RenderedClip, fallback: FallbackPlan, *, took_second: bool) -> str:
    first_faults, second_faults = (", ".join(list_failed_checks(clip.certificate.checks)) for clip in (first, second))
    changes = " and ".join(fallback.changes)
    if not second_faults:
        return f"export.second_try: the file as asked for failed ({first_faults}); this is a second one, with {changes}"
    choice = (
        f"this is the second one, with {changes}" if took_second else f"this is the first; the second had {changes}"
    )
    return f"export.failed_twice: both tries failed (the first: {first_faults}; the second: {second_faults}); {choice}"


def keep_first_try(first: RenderedClip, fallback: FallbackPlan, reason: str) -> RenderedClip:
    """The first clip, with the reason why there is no second."""
    faults = ", ".join(list_failed_checks(first.certificate.checks))
    warning = (
        f"export.failed_twice: the first file failed ({faults}), and a second one could not be made; this is the first"
    )
    second = OtherTry(number=2, verdict=None, faults=[], safer=fallback.changes, why=reason)
    certificate = msgspec.structs.replace(
        first.certificate, tries=2, other_try=second, warnings=[*first.certificate.warnings, warning]
    )
    return first.with_certificate(certificate, first.cpu_ms)
