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
    began, ended = (np.datetime64(project[name].rstrip("Z").split("+")[0]) for name in ("started_at", "finished_at"))
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
        elapsed_ms=int((ended - began) / np.timedelta64(1, "ms")),
        amounts=amounts,
    )


def actual(name: str, one: Finished) -> float:
    """What a project took of one thing."""
    if name == ELAPSED:
        return one.elapsed_ms
    if name in one.amounts:
        return one.amounts[msgspec.convert(name, CostKind)]
    return one.stages_cpu_ms.get(name, 0)


def fitted(name: str, projects: Sequence[Finished], rates: Rates) -> Rate:
    """Non-negative rates with the smallest relative error, by dropping whatever comes out negative.

    What a further shape or a draft takes stays: other benchmarks measure it.
    """
    shown = rates.elapsed if name == ELAPSED else {str(stage): rate for stage, rate in rates.stages.items()}.get(name)
    bare = Rate(spread=1.0, per_shape=shown.per_shape, per_quality=shown.per_quality) if shown else Rate(spread=1.0)
    rows = [one for one in projects if actual(name, one) >= 1]
    terms, found = list(FORMS[name]), dict[str, float]()
    while terms and rows:
        inputs = np.array(
            [
                [table_amount(msgspec.structs.replace(bare, **{term: 1.0}), one.source, rates) for term in terms]
                for one in rows
            ]
        )
        truth = np.array([actual(name, one) for one in rows])
        solved = np.linalg.lstsq(inputs / truth[:, None], np.ones(len(rows)), rcond=None)[0]
        found = dict(zip(terms, solved.tolist(), strict=True))
        if min(found.values()) >= 0:
            break
        terms.remove(min(found, key=found.__getitem__))
    rate = msgspec.structs.replace(bare, **{term: round(max(0.0, value), 4) for term, value in found.items()})
    logs = [math.log(actual(name, one) / max(1.0, table_amount(rate, one.source, rates))) for one in rows]
    spread = math.sqrt(sum(one**2 for one in logs) / max(1, len(logs) - len(terms))) if logs else 1.0
    return msgspec.structs.replace(rate, spread=round(max(MIN_SPREAD_RATIO, spread), 2))


def table_of(projects: Sequence[Project], shown: Rates) -> Rates:
    """A table fitted on these projects."""
    took = [one for _, one, _ in projects]
    made = {name: fitted(name, took, shown) for name in FORMS}
    stages = {str(stage): made[str(stage)] for stage in shown.stages}
    kinds = {name: rate for name, rate in made.items() if name in ("stored_bytes", "read_bytes")}
    return msgspec.structs.replace(
        shown,
        stages=msgspec.convert(stages, dict[Stage, Rate]),
        kinds=msgspec.convert(kinds, dict[CostKind, Rate]),
        elapsed=made[ELAPSED],
    )


def expected(name: str, one: Finished, rates: Rates) -> float:
    """The table's amount of one thing."""
    rate = rates.elapsed if name == ELAPSED else ({**rates.stages, **rates.kinds})[name]
    return table_amount(rate, one.source, rates)


def error(estimate: float, took: float) -> float:
    """How many times too much or too little, at least 1."""
    if estimate < 1 or took < 1:
        return math.nan
    return max(estimate / took, took / estimate)


def kept_of(project: JSON) -> dict[str, tuple[float, bool]]:
    """How far a project's own estimate of each amount lay from it, and whether inside its range."""
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
        kept, inside = [], []
        for _, _, shown in projects:
            if name in (told := kept_of(shown)):
                kept.append(told[name][0])
                inside.append(told[name][1])
        others = _left_out(name, projects, rates)
        table, baseline = (_format_factors(factors) for factors in others)
        lines.append(f"| {name} | {_format_factors(kept)} | {sum(inside)} of {len(inside)} | {table} | {baseline} |")
    return lines


def _left_out(name: str, projects: Sequence[Project], rates: Rates) -> tuple[list[float], list[float]]:
    of_table, of_mean = [], []
    parts = [one for one in FORMS if one in rates.stages] if name == "cpu_ms" else [name]
    for at, (_, one, _) in enumerate(projects):
        rest = [*projects[:at], *projects[at + 1 :]]
        made = table_of(rest, rates)
        took = sum(actual(part, one) for part in parts)
        of_table.append(error(sum(expected(part, one, made) for part in parts), took))
        a_second = sum(actual(part, other) for part in parts for _, other, _ in rest) / sum(
            other.source.media_ms for _, other, _ in rest
        )
        of_mean.append(error(a_second * one.source.media_ms, took))
    return of_table, of_mean


def _format_factors(factors: Sequence[float]) -> str:
    known = [one for one in factors if not math.isnan(one)]
    return f"{statistics.median(known):.2f} ({max(known):.2f})" if known else "–"


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
        shown = [client.get(f"/v1/projects/{one['project_id']}") for one in listed]
    return [(one["title"], finished_of(one), one) for one in reversed(shown) if one["duration_ms"]]


def show(projects: Sequence[Project], rates: Rates, tell: Callable[[str], Any]) -> None:
    """One line a project, then the table."""
    for title, one, shown in projects:
        tell(
            f"{title}: {one.source.media_ms / 1000:.0f} s, {one.source.megapixels:.2f} MP, {shown['clip_count']} clips "
            f"(expected {clips_of(one.source, rates)}), {sum(one.stages_cpu_ms.values()) / 1000:.1f} CPU-s, "
            f"{one.elapsed_ms / 1000:.1f} s"
        )
    for line in report(projects, rates):
        tell(line)


def main() -> None:
    """Compare, or fit."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("--fill", action="store_true", help="take the files through the stack first")
    parser.add_argument("--fit", action="store_true", help="print a table fitted on every project")
    asked = parser.parse_args()
    with rig_of(asked) as rig:
        if asked.fill:
            fill(rig)
        projects, rates = finished_projects(rig), default_rates()
        if len(projects) < 3:
            raise SystemExit(f"{len(projects)} finished projects are too few to compare: --fill makes some")
        show(projects, rates, print)
        if asked.fit:
            print(msgspec.json.format(msgspec.json.encode(table_of(projects, rates)), indent=2).decode())


if __name__ == "__main__":
    main()
