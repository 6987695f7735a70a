"""How far an estimate lies from what a project then took: ``python -m benchmarks.system.estimates``.

Judges no stage.

Reads the finished projects of a stack (``--state-dir``) through its API; with ``--fill`` takes the files of `FILES`
through it first, one after the other. Three estimates of each are compared with what it took:

- **kept**: what the project itself kept as its estimate before the work, by the table and what was finished by then;
- **table**: by a table fitted without it (leave one out), nothing learnt: a new installation on such a machine;
- **baseline**: the mean cost a second of all other projects times its length.

``--fit`` prints a table of rates fitted on all of them, as schemas/data/stage_rates.json holds it.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from benchmarks.harness.rig import Rig, arguments, expect_completed, rig_of, say, start, wait
from cli.api.client import JSON
from core.domain.estimates import EstimatedSource, Finished, Rate, Rates, clips_of, default_rates, table_amount
from schemas.costs import CostKind
from schemas.events import Stage
from schemas.options.project import ProjectOptions

FILES: Mapping[str, JSON] = {
    "talking/googlework_35s_180p.mp4": {},
    "talking/physicsworks_lecture_203s_240p.webm": {},
    "talking/auto-editor_example_42s_720p.mp4": {},
    "talking/intel_one_person_139s_nofaceaudio.mp4": {},
    "talking/nasa_13013_voiceover.mp4": {"max_clips": 3},
    "talking/hamilton_whitehouse_10s_360p.mp4": {"max_clips": 1, "min_clip_ms": 3000},
    "talking/cap12_webcam_54s_silent.mp4": {},
    "talking/face_offcentre_20s.mp4": {"min_clip_ms": 5000},
}
"""Lengths from 10 to 203 s, pictures from 180 to 1080 lines, spoken and silent; the options are of all kinds."""
ELAPSED = "elapsed"
OF_MEDIA = ("fixed", "per_media_s")
OF_PICTURES = ("fixed", "per_media_s", "per_megapixel_s")
OF_CLIPS = ("per_clip_s", "per_clip_megapixel_s")
FORMS: Mapping[str, tuple[str, ...]] = {
    "ingest": OF_PICTURES,
    "listen": OF_MEDIA,
    "close": OF_MEDIA,
    "look": OF_PICTURES,
    "study": OF_MEDIA,
    "detect": OF_MEDIA,
    "frame": OF_CLIPS,
    "render": OF_CLIPS,
    "stored_bytes": ("fixed", "per_media_s", "per_clip_s"),
    "read_bytes": ("fixed", "per_media_s", "per_megapixel_s", "per_clip_s"),
    ELAPSED: ("fixed", "per_media_s", "per_clip_s", "per_clip_megapixel_s"),
}
"""What each amount grows with."""
MIN_SPREAD_RATIO = 0.25
Project = tuple[str, Finished, JSON]
"""Title, what it took, and the project as the API shows it."""


def finished_of(project: JSON) -> Finished:
    """A project of the API as an estimate learns from it.

    Without exports asked for later, where that is known.
    """
    amounts: dict[CostKind, int] = {}
    for item in project["cost"]["items"]:
        amounts[item["kind"]] = amounts.get(item["kind"], 0) + item["amount"]
    of_stages = {line["what"]: line["actual"] for line in project["cost"]["comparison"]}
    began, finished = (np.datetime64(project[name].rstrip("Z").split("+")[0]) for name in ("started_at", "finished_at"))
    pixels = (project["width_px"] or 0) * (project["height_px"] or 0)
    return Finished(
        source=EstimatedSource(
            media_ms=project["duration_ms"],
            megapixels=pixels / 1e6,
            options=msgspec.convert(project["options"], ProjectOptions),
        ),
        stages_cpu_ms={
            stage["stage"]: round(of_stages.get(stage["stage"], stage["cpu_ms"])) for stage in project["stages"]
        },
        elapsed_ms=int((finished - began) / np.timedelta64(1, "ms")),
        amounts=amounts,
    )


def actual(name: str, project: Finished) -> float:
    """The amount that a project took of one kind."""
    if name == ELAPSED:
        return project.elapsed_ms
    if name in project.amounts:
        return project.amounts[msgspec.convert(name, CostKind)]
    return project.stages_cpu_ms.get(name, 0)


def fitted(name: str, projects: Sequence[Finished], rates: Rates) -> Rate:
    """Non-negative rates with the smallest relative error, by dropping whatever comes out negative.

    What a further shape or a draft takes stays: other benchmarks measure it.
    """
    current_rate = (
        rates.elapsed if name == ELAPSED else {str(stage): rate for stage, rate in rates.stages.items()}.get(name)
    )
    bare = (
        Rate(spread=1.0, per_shape=current_rate.per_shape, per_quality=current_rate.per_quality)
        if current_rate
        else Rate(spread=1.0)
    )
    rows = [project for project in projects if actual(name, project) >= 1]
    terms, coefficients = list(FORMS[name]), dict[str, float]()
    while terms and rows:
        inputs = np.array(
            [
                [table_amount(msgspec.structs.replace(bare, **{term: 1.0}), project.source, rates) for term in terms]
                for project in rows
            ]
        )
        truth = np.array([actual(name, project) for project in rows])
        solved = np.linalg.lstsq(inputs / truth[:, None], np.ones(len(rows)), rcond=None)[0]
        coefficients = dict(zip(terms, solved.tolist(), strict=True))
        if min(coefficients.values()) >= 0:
            break
        terms.remove(min(coefficients, key=coefficients.__getitem__))
    rate = msgspec.structs.replace(bare, **{term: round(max(0.0, value), 4) for term, value in coefficients.items()})
    logs = [math.log(actual(name, project) / max(1.0, table_amount(rate, project.source, rates))) for project in rows]
    spread = math.sqrt(sum(log**2 for log in logs) / max(1, len(logs) - len(terms))) if logs else 1.0
    return msgspec.structs.replace(rate, spread=round(max(MIN_SPREAD_RATIO, spread), 2))


def table_of(projects: Sequence[Project], rates: Rates) -> Rates:
    """A table fitted on these projects."""
    took = [finished for _, finished, _ in projects]
    fitted_rates = {name: fitted(name, took, rates) for name in FORMS}
    stages = {str(stage): fitted_rates[str(stage)] for stage in rates.stages}
    kinds = {name: rate for name, rate in fitted_rates.items() if name in ("stored_bytes", "read_bytes")}
    return msgspec.structs.replace(
        rates,
        stages=msgspec.convert(stages, dict[Stage, Rate]),
        kinds=msgspec.convert(kinds, dict[CostKind, Rate]),
        elapsed=fitted_rates[ELAPSED],
    )


def expected(name: str, project: Finished, rates: Rates) -> float:
    """The table's amount of one kind."""
    rate = rates.elapsed if name == ELAPSED else ({**rates.stages, **rates.kinds})[name]
    return table_amount(rate, project.source, rates)


def error(estimate: float, took: float) -> float:
    """Factor by which an estimate is too high or too low, at least 1."""
    if estimate < 1 or took < 1:
        return math.nan
    return max(estimate / took, took / estimate)


def kept_of(project: JSON) -> dict[str, tuple[float, bool]]:
    """Factor of a project's own estimate of each amount, and whether it was inside its range."""
    return {
        line["what"]: (error(line["expected"], line["actual"]), line["inside"])
        for line in project["cost"]["comparison"]
        if line["actual"] >= 1
    }


def report(projects: Sequence[Project], rates: Rates) -> list[str]:
    """Lines of a Markdown table: each amount's median and worst factor, by each estimate."""
    lines = ["| amount | kept: median (worst) | inside its range | table | baseline |", "|---|---|---|---|---|"]
    names = ["cpu_ms", *FORMS]
    for name in names:
        own_factors, inside = [], []
        for _, _, project in projects:
            if name in (own_estimates := kept_of(project)):
                own_factors.append(own_estimates[name][0])
                inside.append(own_estimates[name][1])
        left_out = _left_out(name, projects, rates)
        table, baseline = (_format_factors(factors) for factors in left_out)
        lines.append(
            f"| {name} | {_format_factors(own_factors)} | {sum(inside)} of {len(inside)} | {table} | {baseline} |"
        )
    return lines


def _left_out(name: str, projects: Sequence[Project], rates: Rates) -> tuple[list[float], list[float]]:
    of_table, of_mean = [], []
    parts = [stage for stage in FORMS if stage in rates.stages] if name == "cpu_ms" else [name]
    for at, (_, finished, _) in enumerate(projects):
        rest = [*projects[:at], *projects[at + 1 :]]
        table = table_of(rest, rates)
        took = sum(actual(part, finished) for part in parts)
        of_table.append(error(sum(expected(part, finished, table) for part in parts), took))
        a_second = sum(actual(part, remaining) for part in parts for _, remaining, _ in rest) / sum(
            remaining.source.media_ms for _, remaining, _ in rest
        )
        of_mean.append(error(a_second * finished.source.media_ms, took))
    return of_table, of_mean


def _format_factors(factors: Sequence[float]) -> str:
    finite = [factor for factor in factors if not math.isnan(factor)]
    return f"{statistics.median(finite):.2f} ({max(finite):.2f})" if finite else "–"


def fill(rig: Rig) -> None:
    """Take the files through the stack, one after the other."""
    with contextlib.closing(rig.client()) as client:
        for name, options in FILES.items():
            say(name)
            project = expect_completed(wait(client, start(client, rig.file(name), options), timeout_s=900))
            say(f"  {project['cpu_ms'] / 1000:.1f} CPU-s, {project['clip_count']} clips")


def finished_projects(rig: Rig) -> list[Project]:
    """Every completed project of the stack, oldest first."""
    with contextlib.closing(rig.client()) as client:
        listed = client.get("/v1/projects?state=completed&limit=100")["items"]
        documents = [client.get(f"/v1/projects/{project['project_id']}") for project in listed]
    return [
        (project["title"], finished_of(project), project) for project in reversed(documents) if project["duration_ms"]
    ]


def show(projects: Sequence[Project], rates: Rates, tell: Callable[[str], Any]) -> None:
    """One line a project, then the table."""
    for title, finished, project in projects:
        tell(
            f"{title}: {finished.source.media_ms / 1000:.0f} s, {finished.source.megapixels:.2f} MP, "
            f"{project['clip_count']} clips (expected {clips_of(finished.source, rates)}), "
            f"{sum(finished.stages_cpu_ms.values()) / 1000:.1f} CPU-s, {finished.elapsed_ms / 1000:.1f} s"
        )
    for line in report(projects, rates):
        tell(line)


def main() -> None:
    """Compare, or fit."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("--fill", action="store_true", help="take the files through the stack first")
    parser.add_argument("--fit", action="store_true", help="print a table fitted on every project")
    args = parser.parse_args()
    with rig_of(args) as rig:
        if args.fill:
            fill(rig)
        projects, rates = finished_projects(rig), default_rates()
        if len(projects) < 3:
            raise SystemExit(f"{len(projects)} finished projects are too few to compare: --fill makes some")
        show(projects, rates, print)
        if args.fit:
            print(msgspec.json.format(msgspec.json.encode(table_of(projects, rates)), indent=2).decode())


if __name__ == "__main__":
    main()
