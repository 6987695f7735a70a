"""From an hour of 1080p to ten captioned clips that can be downloaded.

All of it on the stack's own machine.

``python -m benchmarks.system.hour_clips [--minutes 60] [--quality draft]`` (`make bench-hour`). A warm stack; the clock
starts when the upload is complete. Fixed: ten clips of 27 to 33 s, 9:16, captions burned in; the encoder's quality is
an argument and is printed. Meanwhile the named mix of `api_latency` is asked, and memory is sampled: seldom, for each
sample takes 0.3 to 0.5 CPU-s. Limits for the hour: 300 s in all, 125 s from MomentsDetected to the last export, p95 of
the API 25 ms. Also printed: who had the cores while clips were made, and which checks of which certificates did not
pass.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim, percentile, spread
from benchmarks.harness.clip_times import clip_lines, read_stack_works
from benchmarks.harness.cpu_usage import Cores, between
from benchmarks.harness.cpu_usage import told_of as cores_told
from benchmarks.harness.rig import Rig, arguments, expect_completed, rig_of, say, send, wait
from benchmarks.system.api_latency import LIMIT_MS as API_LIMIT_MS
from benchmarks.system.api_latency import TALK, asking, make_load, read_result
from benchmarks.system.api_load import LoadResult
from benchmarks.system.memory import MIB, Sampler, most_at_once
from benchmarks.system.pipeline import stages_of
from cli.api.client import JSON
from schemas.stages import EXPORT_STAGES

HOUR_MIN = 60.0
CLIPS, LENGTH_MS = 10, (27_000, 33_000)
WHOLE_LIMIT_S, MAKING_LIMIT_S = 300.0, 125.0
TIMEOUT_S = 3600.0
SAMPLE_EVERY_S = 10.0
"""A clip is in the making for longer; at every two seconds the samples took a tenth of both cores."""
OURSELVES = "this benchmark and its load"
QUALITIES = ("draft", "good", "best")


class HourRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run; seconds count from the project's creation."""

    minutes: float
    quality: str
    stages: dict[str, tuple[float, float, float]]
    detected_s: float
    ready_s: list[float]
    """When each export could be downloaded."""
    clips_s: list[float]
    encoders: set[str]
    verdicts: list[str]
    made: list[str]
    """How each clip was made, a line each."""
    missed: list[str]
    """Checks that did not pass, a clip each: its name, value and verdict; and how many tries the file took."""
    spent_s: dict[str, float]
    """CPU-s of each part from MomentsDetected on, and of what no one took."""
    memory_bytes: int
    heard: LoadResult


def options_of(quality: str, *, quick: bool) -> JSON:
    """Options of the project."""
    least_ms, most_ms = (3_000, 12_000) if quick else LENGTH_MS
    lengths = {"min_clip_ms": least_ms, "max_clip_ms": most_ms}
    return {"max_clips": CLIPS, "target_clips": CLIPS, **lengths, "export": {"video": {"quality": quality}}}


def run(rig: Rig, quality: str) -> HourRun:
    """Run the whole way once."""
    video = rig.file(TALK) if rig.quick else rig.recipe()  # the quick recipe is worth no clip
    with contextlib.closing(rig.client()) as client:
        load = make_load(rig, client, seconds=TIMEOUT_S)
        upload_id = send(client, video)
        say(f"an hour's clips: {rig.minutes:g} min, quality {quality}")
        parts = {name: part.pid for name, part in rig.read_parts().items() if part.pid} | {OURSELVES: os.getpid()}
        with Sampler(rig, every_s=SAMPLE_EVERY_S) as sampler, Cores(parts) as cores, asking(load) as process:
            body = {"upload_id": upload_id, "title": video.stem, "options": options_of(quality, quick=rig.quick)}
            project_id = str(client.post("/v1/projects", body)["project_id"])
            project = expect_completed(wait(client, project_id, timeout_s=TIMEOUT_S, every_s=1.0))
            assert process.stdin is not None
            process.stdin.close()
            load_result = read_result(process)
        clips = client.get(f"/v1/projects/{project_id}/clips")["items"]
        exports = [client.get(f"/v1/exports/{export['export_id']}") for clip in clips for export in clip["exports"]]
    return HourRun(
        minutes=rig.minutes,
        quality=quality,
        memory_bytes=most_at_once(sampler.samples),
        heard=load_result,
        clips_s=[(clip["end_ms"] - clip["start_ms"]) / 1000 for clip in clips],
        spent_s=making_of(cores, project),
        made=list(clip_lines(read_stack_works(rig, project_id), exports)),
        **told_of(project, exports),
    )


def making_of(cores: Cores, project: JSON) -> dict[str, float]:
    """CPU seconds of each part from MomentsDetected on."""
    created_s = dt.datetime.fromisoformat(project["created_at"]).timestamp()
    return between(cores.samples, created_s + stages_of(project)["detect"][1], float("inf"))


def told_of(project: JSON, exports: Sequence[JSON]) -> dict[str, Any]:
    """Fields of a run that come from the API."""
    created = dt.datetime.fromisoformat(project["created_at"])
    done = [export for export in exports if export["state"] == "done"]
    stages = stages_of(project)
    return {
        "stages": stages,
        "detected_s": stages["detect"][1],
        "ready_s": sorted(
            (dt.datetime.fromisoformat(export["finished_at"]) - created).total_seconds() for export in done
        ),
        "encoders": {export["certificate"]["encoder"] for export in done},
        "verdicts": [str(export["certificate"].get("verdict")) for export in done],
        "missed": [phrase for export in done for phrase in missed_by(export["certificate"])],
    }


def missed_by(certificate: JSON) -> list[str]:
    """Checks that a file did not pass, and the other try, as phrases."""
    checks = [check for check in certificate.get("checks", []) if check["verdict"] in ("warn", "fail")]
    phrases = [f"{check['name']} {check['value']} {check['unit']} ({check['verdict']})" for check in checks]
    other_try = certificate.get("other_try")
    if other_try:
        phrases.append(f"tried twice ({', '.join(other_try['faults']) or 'nothing failed in the other'})")
    return phrases


def claims_of(hour_run: HourRun) -> list[Claim]:
    """The whole way, the making of clips, the API meanwhile, memory."""
    full = hour_run.minutes == HOUR_MIN
    last_s = hour_run.ready_s[-1] if hour_run.ready_s else float("inf")
    latencies_ms = [ms for times in hour_run.heard.times_ms.values() for ms in times]
    stages = "; ".join(f"{name} {at:.1f}–{to:.1f} ({cpu:.1f} CPU-s)" for name, (at, to, cpu) in hour_run.stages.items())
    making_cpu_s = sum(hour_run.stages[name][2] for name in EXPORT_STAGES if name in hour_run.stages)
    seconds = sum(hour_run.clips_s)
    verdicts = ", ".join(f"{hour_run.verdicts.count(verdict)} {verdict}" for verdict in sorted(set(hour_run.verdicts)))
    refused = (f"refused: {request_name}: {count}" for request_name, count in hour_run.heard.refused.items())
    lines = (
        f"{len(hour_run.ready_s)} of {len(hour_run.clips_s)} clips, {seconds:.0f} s of them; "
        f"quality {hour_run.quality}: " + ", ".join(sorted(hour_run.encoders)),
        f"verdicts: {verdicts}",
        f"did not pass: {'; '.join(hour_run.missed) or 'nothing'}",
        f"stages, s after the POST: {stages}",
        f"frame and render: {making_cpu_s / max(seconds, 1):.2f} CPU-s a second of clip",
        f"clips ready at {', '.join(f'{at:.0f}' for at in hour_run.ready_s)} s",
        *hour_run.made,
    )
    name = f"{hour_run.minutes:g} min of 1080p to {CLIPS} captioned clips"
    return [
        Claim(
            name=f"{name}, from the upload's end to the last one downloadable",
            measured=last_s, unit="s", limit=WHOLE_LIMIT_S if full else None, where=lines,
        ),
        Claim(
            name=f"{name}, from MomentsDetected to the last one",
            measured=last_s - hour_run.detected_s, unit="s", limit=MAKING_LIMIT_S if full else None,
            where=(f"CPU-s meanwhile: {cores_told(hour_run.spent_s)}",),
        ),
        Claim(
            name="API meanwhile, named mix (p95)",
            measured=percentile(latencies_ms, 0.95), unit="ms", limit=API_LIMIT_MS,
            where=(spread(latencies_ms), *refused),
        ),
        Claim(
            name="memory of the whole stack meanwhile, at most at one time (PSS)",
            measured=hour_run.memory_bytes / MIB, unit="MiB",
        ),
    ]  # fmt: skip


def main() -> int:
    """Command line; exit code 1 over a limit."""
    parser = arguments(__doc__, "out/bench")
    parser.set_defaults(minutes=HOUR_MIN)
    parser.add_argument("--quality", choices=QUALITIES, default="draft", help="of the encoder (draft)")
    args = parser.parse_args()
    begun_s = time.perf_counter()
    with rig_of(args) as rig:
        claims = claims_of(run(rig, args.quality))
    print("\n".join(map(format_claim, claims)))
    say(f"measured in {time.perf_counter() - begun_s:.0f} s")
    return exit_code(claims, [])


if __name__ == "__main__":
    raise SystemExit(main())
