"""The whole pipeline on a warm stack compared with ``shorts-factory``.

On the recipe's file, and compared with the limits of its own stages.

``python -m benchmarks.system.pipeline [--quick] [--rounds 3]``. Same Whisper weights, number of clips, bounds of their
length, size (1080 × 1920), preset and crf, captions, loudness, a thumbnail each. Ours is measured from the first byte
of the upload to the last downloaded clip; the peer from its start to its end. Interleaved, medians of at least two
rounds; the stack is down while the peer runs (at rest it would still take a share of the processor from it), and warmed
by short projects before ours. Limit: 0.75 × wall; and 1.25 × what the stages would take alone
(`benchmarks.system.stage_limits`, in the same run, of the clips of our median round). Also printed: when each clip was
framed and rendered, and at what cost.

The two choose their own clips, of other lengths within the bounds. Where ours are shorter in sum, our wall time is
multiplied by the ratio of the sums, as if all of it were spent on clips; where they are longer, nothing is given.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.claims import Claim
from benchmarks.harness.clip_times import clip_lines, read_stack_works
from benchmarks.harness.rig import Rig, expect_completed, judged, say, start, wait
from benchmarks.system import pipeline_peer
from benchmarks.system.pipeline_peer import PeerRun
from benchmarks.system.stage_limits import AtBest, limits
from cli.api.client import JSON, Client
from cli.output.results import automatic_export, download_export
from local import stack as local_stack
from local.assembly import installed_file
from local.install.all import read_note
from schemas.common import TimeRange
from streams.renderer.encoding.muxer import Encoding

LIMIT, LIMIT_TO_STAGES = 0.75, 1.25
CLIPS_COUNT = 5
LENGTH_S = (27.0, 33.0)
TIMEOUT_S = 3600.0
ENCODING = Encoding()
"""Of both: x264 veryfast, crf 20, as an export has it where nothing is said."""


class OurRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its wall time, its clips, and when each stage began and ended after the POST."""

    wall_s: float
    upload_s: float
    download_s: float
    clips: list[TimeRange]
    """Of the source."""
    stages: dict[str, tuple[float, float, float]]
    """Stage → began, ended, CPU; seconds."""
    made: list[str]
    """How each clip was made, a line each."""

    @property
    def clips_s(self) -> float:
        """Seconds of all clips."""
        return sum(clip.length_ms for clip in self.clips) / 1000


def fair_ratio(ours: Sequence[OurRun], theirs: Sequence[PeerRun]) -> float:
    """Median wall to median wall; ours is made longer where our clips are shorter in sum."""
    own_s, peer_s = statistics.median(run.wall_s for run in ours), statistics.median(run.wall_s for run in theirs)
    own_clips_s = statistics.median(run.clips_s for run in ours)
    peer_clips_s = statistics.median(sum(run.clips_s) for run in theirs)
    return own_s / peer_s * max(1.0, peer_clips_s / own_clips_s if own_clips_s else float("inf"))


def run_ours(rig: Rig, client: Client, video: Path, out: Path) -> OurRun:
    """Upload, work, download: what a person waits for."""
    least_ms, most_ms = (round(second * 1000) for second in LENGTH_S)
    begun_s = time.perf_counter()
    project_id = start(client, video, {"max_clips": CLIPS_COUNT, "min_clip_ms": least_ms, "max_clip_ms": most_ms})
    uploaded_s = time.perf_counter()
    project = expect_completed(wait(client, project_id, timeout_s=TIMEOUT_S))
    worked_s = time.perf_counter()
    exports = []
    for clip in client.get(f"/v1/projects/{project_id}/clips")["items"]:
        summary = automatic_export(clip)
        assert summary is not None
        export = client.get(f"/v1/exports/{summary['export_id']}")
        if download_export(client, export, str(clip["ordinal"]), out, lambda _: None).get("video"):
            exports.append(export)
    ended_s = time.perf_counter()
    return OurRun(
        wall_s=ended_s - begun_s,
        upload_s=uploaded_s - begun_s,
        download_s=ended_s - worked_s,
        clips=[TimeRange(start_ms=export["start_ms"], end_ms=export["end_ms"]) for export in exports],
        stages=stages_of(project),
        made=list(clip_lines(read_stack_works(rig, project_id), exports)),
    )


def stages_of(project: JSON) -> dict[str, tuple[float, float, float]]:
    """When each stage began and ended after the project was created, and its CPU; seconds."""
    created = dt.datetime.fromisoformat(project["created_at"])
    stages = {}
    for stage in project["stages"]:
        if stage["started_at"] and stage["finished_at"]:
            began, finished = (dt.datetime.fromisoformat(stage[at]) - created for at in ("started_at", "finished_at"))
            stages[stage["stage"]] = (began.total_seconds(), finished.total_seconds(), stage["cpu_ms"] / 1000)
    return stages


def rounds(rig: Rig, python: Path, video: Path) -> tuple[list[OurRun], list[PeerRun], float]:
    """Run both, interleaved; also the seconds that the peer needs to start and load its model."""
    ours: list[OurRun] = []
    theirs: list[PeerRun] = []
    start_s = 0.0
    count = 1 if rig.quick else max(2, rig.rounds)
    for number in range(1, count + 1):
        rig.warm()
        say(f"pipeline, round {number} of {count}: ours")
        with contextlib.closing(rig.client()) as client, tempfile.TemporaryDirectory() as out:
            ours.append(run_ours(rig, client, video, Path(out)))
        weights = _weights(rig)
        rig.stop()
        say(f"pipeline, round {number} of {count}: {pipeline_peer.NAME} ({ours[-1].wall_s:.1f} s was ours)")
        start_s = start_s or pipeline_peer.load_s(python, weights)
        theirs.append(pipeline_peer.run(python, video, weights, CLIPS_COUNT, LENGTH_S))
    return ours, theirs, start_s


def _weights(rig: Rig) -> Path:
    """The very folder that the stack's Triton reads."""
    weights = read_note(installed_file(local_stack.layout_of(rig.stack().state_dir))).weights
    assert weights is not None
    return weights / "whisper-base"


def claims_of(
    ours: Sequence[OurRun],
    theirs: Sequence[PeerRun],
    start_s: float,
    media_s: float,
    peer: str,
    at_best: AtBest,
    *,
    full: bool = True,
) -> list[Claim]:
    """Claims against the peer, and against the sum of the stages' times alone."""
    ratio = fair_ratio(ours, theirs)
    our_run = median_run(ours)
    peer_run = sorted(theirs, key=lambda run: run.wall_s)[len(theirs) // 2]
    walls, peer_walls = ([f"{run.wall_s:.1f}" for run in runs] for runs in (ours, theirs))
    warm_peer_s = statistics.median(run.wall_s for run in theirs) - start_s
    own_s = statistics.median(run.wall_s for run in ours)
    raw = own_s / statistics.median(run.wall_s for run in theirs)
    return [
        Claim(
            name=f"whole pipeline, warm stack, against {pipeline_peer.NAME} (wall)",
            measured=ratio,
            limit=LIMIT if full else None,
            where=(
                f"{media_s:.0f} s of 1080p; rounds: ours {', '.join(walls)} s, the peer's {', '.join(peer_walls)} s",
                f"ours: {len(our_run.clips)} clips, {our_run.clips_s:.0f} s; "
                f"the peer's: {len(peer_run.clips_s)} clips, {sum(peer_run.clips_s):.0f} s; "
                f"ratio before that is counted {raw:.2f}x",
                f"without the peer's start and loading of the model ({start_s:.1f} s): {own_s / warm_peer_s:.2f}x",
                *own_lines(our_run),
                f"the peer: transcript after {peer_run.heard_s:.1f} s, "
                f"first clip begun at {peer_run.rendering_s:.1f} s, end {peer_run.wall_s:.1f} s; "
                f"OpenCV and CTranslate2 {peer}",
            ),
        ),
        Claim(
            name="whole pipeline against the sum of its stages' limits (wall)",
            measured=own_s / sum(at_best.parts_s.values()),
            limit=LIMIT_TO_STAGES if full else None,
            where=(
                f"of bare tools in this run, on two cores, one stage after the other: {_sum_of(at_best.parts_s)}",
                f"of that the clips rendered two at a time: {at_best.rendering_cpu_s:.1f} CPU-s",
            ),
        ),
    ]


def median_run(runs: Sequence[OurRun]) -> OurRun:
    """The run with the median wall time; of two the longer one."""
    return sorted(runs, key=lambda run: run.wall_s)[len(runs) // 2]


def own_lines(run: OurRun) -> list[str]:
    """Lines that say where our time went."""
    stages = "; ".join(f"{name} {at:.1f}–{to:.1f} ({cpu:.1f} CPU-s)" for name, (at, to, cpu) in run.stages.items())
    return [
        f"ours: upload {run.upload_s:.1f} s, download {run.download_s:.1f} s; stages, s after the POST: {stages}",
        *run.made,
    ]


def _sum_of(parts: Mapping[str, float]) -> str:
    return " + ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items()) + f" = {sum(parts.values()):.1f} s"


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    video = rig.recipe()
    python = pipeline_peer.install(rig.cache)
    ours, theirs, start_s = rounds(rig, python, video)
    rig.stop()
    at_best = limits(video, median_run(ours).clips, ENCODING)
    peer = pipeline_peer.versions(python)
    return claims_of(ours, theirs, start_s, rig.minutes * 60, peer, at_best, full=not rig.quick)


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
