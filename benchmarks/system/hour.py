"""The one-hour budget on a warm stack.

From the upload's end to MomentsDetected, at 10, 20, 40 and 60 minutes of video.

``python -m benchmarks.system.hour [--lengths 10 20 40 60]``. The file is the recipe's at the longest length; the
shorter ones are its first minutes, so that they differ in length only. Each project is deleted once its moments are
told: clips are what ``pipeline`` measures. Memory is that of our own processes; the servers' (Triton with its models
among them) is printed with it. Limits: 170 s for 60 minutes, 3 GiB, and CPU time a minute within a tenth of the longest
file's.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import av
import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig, arguments, rig_of, say, send
from benchmarks.system.memory import MIB, Sample, Sampler, most_at_once
from benchmarks.system.pipeline import stages_of
from cli.api.client import JSON, Client
from cli.exit_codes import CliError
from schemas.stages import EXPORT_STAGES, PROJECT_STAGES

LENGTHS_MIN = (10.0, 20.0, 40.0, 60.0)
QUICK_LENGTHS_MIN = (0.3, 0.6)
HOUR_MIN = 60.0
LIMIT_S, LIMIT_MIB, LIMIT_OFF = 170.0, 3072.0, 0.10
SAMPLE_EVERY_S = 10.0
"""A sample takes 0.3 to 0.5 CPU-s, from what is measured."""
LOOK_EVERY_S = 0.5
"""Each question whether it is done takes 3 ms of the API's time."""
TIMEOUT_S = 3600.0
SERVERS = frozenset({"kafka", "postgres", "objects", "triton", "clickhouse", "search"})
STAGES = tuple(name for name in PROJECT_STAGES if name not in EXPORT_STAGES)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One length: wall time to MomentsDetected; stage → began, ended, CPU (seconds); memory while it ran."""

    minutes: float
    wall_s: float
    stages: dict[str, tuple[float, float, float]]
    samples: list[Sample]

    @property
    def cpu_s_a_minute(self) -> float:
        """CPU seconds a minute of video, of all stages up to detect."""
        return sum(self.stages[name][2] for name in STAGES if name in self.stages) / self.minutes


def first_minutes(source: Path, minutes: float, target: Path) -> None:
    """Copy the packets of the first minutes, up to the key picture that begins the next one.

    Nothing is encoded.
    """
    until_s = minutes * 60
    with av.open(str(source)) as container, av.open(str(target), "w", options={"movflags": "faststart"}) as part:
        streams = {
            stream.index: part.add_stream_from_template(stream)
            for stream in container.streams
            if stream.type in ("video", "audio")
        }
        ended_streams: set[int] = set()
        for packet in container.demux(*(container.streams[index] for index in streams)):
            if packet.pts is None or packet.stream.index in ended_streams:
                continue
            video = packet.stream.type == "video"
            if float(packet.pts * packet.time_base) >= until_s and (packet.is_keyframe or not video):
                ended_streams.add(packet.stream.index)
                continue
            packet.stream = streams[packet.stream.index]
            part.mux(packet)


def run(rig: Rig, video: Path, minutes: float) -> Run:
    """One project up to its moments; deleted then."""
    rig.warm()
    with contextlib.closing(rig.client()) as client:
        upload_id = send(client, video)
        with Sampler(rig, every_s=SAMPLE_EVERY_S) as sampler:
            begun_s = time.perf_counter()
            body = {"upload_id": upload_id, "title": video.stem, "options": {}}
            project_id = str(client.post("/v1/projects", body)["project_id"])
            project = _detected(client, project_id)
            wall_s = time.perf_counter() - begun_s
        client.delete(f"/v1/projects/{project_id}")
        _gone(client, project_id)
    say(f"hour: {minutes:g} min in {wall_s:.1f} s")
    return Run(minutes=minutes, wall_s=wall_s, stages=stages_of(project), samples=sampler.samples)


def _detected(client: Client, project_id: str) -> JSON:
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        project = client.get(f"/v1/projects/{project_id}")
        states = {stage["stage"]: stage["state"] for stage in project["stages"]}
        if states["detect"] == "done":
            return project
        if project["state"] == "failed":
            raise RuntimeError(f"project {project_id} failed: {project['failure']}")
        time.sleep(LOOK_EVERY_S)
    raise TimeoutError(f"no moments after {TIMEOUT_S:.0f} s")


def _gone(client: Client, project_id: str) -> None:
    """Wait until its erasure is through: the next length must find the stack at rest."""
    deadline_s = time.monotonic() + 120
    with contextlib.suppress(CliError):
        while time.monotonic() < deadline_s:
            client.get(f"/v1/projects/{project_id}")
            time.sleep(0.5)


def claims_of(runs: Sequence[Run], distinct_s: float | None) -> list[Claim]:
    """The hour's wall time (projected where it was not run), linearity, memory."""
    longest = max(runs, key=lambda run: run.minutes)
    how = "measured" if longest.minutes == HOUR_MIN else "projected"
    hour_s = longest.wall_s * HOUR_MIN / longest.minutes
    off = max(abs(run.cpu_s_a_minute / longest.cpu_s_a_minute - 1) for run in runs)
    ours = [{name: size for name, size in sample.items() if name not in SERVERS} for sample in longest.samples]
    servers = [{name: size for name, size in sample.items() if name in SERVERS} for sample in longest.samples]
    return [
        Claim(
            name=f"an hour of 1080p, from the upload's end to MomentsDetected ({how})",
            measured=hour_s,
            unit="s",
            limit=LIMIT_S,
            where=(f"{distinct_s or 0:.0f} s of distinct source", *(_line(run) for run in runs)),
        ),
        Claim(
            name="CPU time a minute of video, furthest from the longest file's",
            measured=off,
            unit="",
            limit=LIMIT_OFF,
            where=tuple(
                f"{run.minutes:g} min: {run.cpu_s_a_minute:.2f} CPU-s a minute (wall {run.wall_s / run.minutes:.2f} s)"
                for run in runs
            ),
        ),
        Claim(
            name="memory of our own processes meanwhile, at most at one time (PSS)",
            measured=most_at_once(ours) / MIB,
            unit="MiB",
            limit=LIMIT_MIB,
            where=(f"{longest.minutes:g} min; the servers next to it: {most_at_once(servers) / MIB:.0f} MiB",),
        ),
    ]


def _line(run: Run) -> str:
    stages = "; ".join(
        f"{name} {run.stages[name][0]:.1f}–{run.stages[name][1]:.1f} ({run.stages[name][2]:.1f} CPU-s)"
        for name in STAGES
        if name in run.stages
    )
    return f"{run.minutes:g} min: {run.wall_s:.1f} s; stages, s after the POST: {stages}"


def bench(rig: Rig, lengths_min: Sequence[float] | None = None) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    lengths = sorted(lengths_min or (QUICK_LENGTHS_MIN if rig.quick else LENGTHS_MIN))
    full_video = rig.recipe(lengths[-1])
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for minutes in lengths:
            part = full_video
            if minutes < lengths[-1]:
                part = Path(folder) / f"{minutes:g}min.mp4"
                first_minutes(full_video, minutes, part)
            runs.append(run(rig, part, minutes))
            if part != full_video:
                part.unlink()
    return claims_of(runs, rig.distinct_s)


def main() -> int:
    """Command line; exit code 1 over a limit."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("--lengths", type=float, nargs="+", help="minutes (10 20 40 60)")
    args = parser.parse_args()
    with rig_of(args) as rig:
        claims = bench(rig, args.lengths)
    print("\n".join(map(format_claim, claims)))
    return exit_code(claims, [])


if __name__ == "__main__":
    raise SystemExit(main())
