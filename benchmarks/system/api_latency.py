"""Latency of the API on a named mix of requests while a job runs, and with the stack at rest.

Loads from outside.

``python -m benchmarks.system.api_latency [--quick] [--state-dir DIR]``. A few concurrent customers (``api_load.py``, a
process of its own at normal priority) ask 40 times a second while the recipe's file is worked on; it stops with the
job, or after two minutes. Run alone on a stack of its own, it first fills the tables with 1,000 organisations, each
with a key and ten projects. Limit: p95 of all requests ≤ 25 ms. A request that is refused is a missed limit of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import msgspec

from benchmarks.harness.claims import Claim, percentile, spread
from benchmarks.harness.rig import Rig, expect_completed, judged, say, send, start, wait
from benchmarks.load.project_copies import Copies, fill_tables, read_recorded
from benchmarks.system.api_load import CUSTOMER, FRESH, SOME_WORDS, Ask, Load, LoadResult
from cli.api.client import JSON, Client
from core.domain.retention_rules import RetentionRules

TALK = "talking/physicsworks_lecture_203s_240p.webm"
"""Gives clips; the ten seconds that warm a stack may give none."""
LIMIT_MS = 25.0
CLIENTS, PER_SECOND = 4, 40.0
ORGANISATIONS, PROJECTS_OF_EACH, PROJECT_DAYS = 1000, 10, 90.0
"""A stack that runs already keeps the tables that it has."""
_ORGANISATIONS = """
insert into orgs (org_id, name, operator)
select org_id, 'organisation ' || n, false from unnest($1::uuid[]) with ordinality made (org_id, n)
"""
_KEYS = """
insert into api_keys (org_id, key_id, hash, last4, scopes)
select org_id, gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), 'last', '{read,write,admin}'
from unnest($1::uuid[]) made (org_id)
"""
REST_S, BUSY_S = 15.0, 120.0
JOB_TIMEOUT_S = 1800.0
WORD = "the"


def mix(project: JSON, clips: list[JSON], created: JSON, created_key: str) -> list[Ask]:
    """The named mix: what a dashboard asks, a share of it writes. Weights add up to 100."""
    at = f"/v1/projects/{project['project_id']}"
    export_id = clips[0]["exports"][0]["export_id"]
    body = json.dumps(created, separators=(",", ":"))
    sign = json.dumps({"filename": "talk.mp4", "size_bytes": 1_000_000})
    post = {"method": "POST", "path": "/v1/projects"}
    return [
        Ask(name="GET project", weight=28, path=at),
        Ask(name="GET projects", weight=14, path="/v1/projects?limit=20"),
        Ask(name="GET clips", weight=14, path=f"{at}/clips"),
        Ask(name="GET export (signs URLs)", weight=8, path=f"/v1/exports/{export_id}"),
        Ask(name="GET transcript", weight=8, path=f"{at}/transcript?format=json"),
        Ask(name="GET moments", weight=4, path=f"{at}/moments"),
        Ask(name="GET search, asked again", weight=4, path=f"/v1/search?q={WORD}&limit=10"),
        Ask(name="GET search, other words", weight=4, path=f"/v1/search?q={SOME_WORDS}&limit=10"),
        Ask(name="GET analytics summary", weight=2, path="/v1/analytics/summary"),
        Ask(name="POST upload to sign", weight=5, method="POST", path="/v1/uploads/sign", body=sign, key=FRESH),
        Ask(name="POST project, key repeated", weight=8, body=body, key=created_key, **post),
        Ask(name="POST project, new", weight=1, body=body, key=FRESH, **post),
    ]


@contextmanager
def asking(load: Load) -> Iterator[subprocess.Popen[bytes]]:
    """The generator at work; closing its standard input ends it. Leaving ends it in any case."""
    command = [sys.executable, "-m", "benchmarks.system.api_load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(load) + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def read_result(process: subprocess.Popen[bytes]) -> LoadResult:
    """Result of the load generator, once it has ended."""
    assert process.stdout is not None
    return msgspec.json.decode(process.stdout.read(), type=LoadResult)


def heard_at_rest(load: Load) -> LoadResult:
    """Ask the whole load, without a job."""
    say(f"API: {load.seconds:.0f} s with the stack at rest")
    with asking(load) as process:
        return read_result(process)


def heard_during_job(client: Client, video: Path, load: Load) -> LoadResult:
    """Ask the load from the start of a job to its end."""
    say("API: while a job runs")
    project_id = start(client, video, {"max_clips": 5})
    with asking(load) as process:
        with contextlib.suppress(TimeoutError):
            wait(client, project_id, timeout_s=load.seconds, every_s=1.0)
        assert process.stdin is not None
        process.stdin.close()
        result = read_result(process)
    expect_completed(wait(client, project_id, timeout_s=JOB_TIMEOUT_S, every_s=1.0))
    return result


def claims_of(busy: LoadResult, rest: LoadResult) -> list[Claim]:
    """p95 over all requests of the mix, and refusals."""
    busy_ms = [ms for times in busy.times_ms.values() for ms in times]
    idle_ms = [ms for times in rest.times_ms.values() for ms in times]
    lines = [
        f"{name}: {spread(times)}" for name, times in sorted(busy.times_ms.items(), key=lambda pair: -len(pair[1]))
    ]
    refused = {**rest.refused, **busy.refused}
    return [
        Claim(
            name="API while a job runs, named mix (p95)",
            measured=percentile(busy_ms, 0.95),
            unit="ms",
            limit=LIMIT_MS,
            where=(
                f"{CLIENTS} customers, {PER_SECOND:.0f} requests a second",
                f"while a job runs: {spread(busy_ms)}",
                f"at rest: {spread(idle_ms)}",
                *lines,
            ),
        ),
        Claim(
            name="API requests of that mix that were refused",
            measured=float(sum(refused.values())),
            unit="requests",
            limit=0.0,
            where=tuple(f"{name}: {count}" for name, count in refused.items()),
        ),
    ]


def prepared(rig: Rig, client: Client) -> list[Ask]:
    """A finished project to ask about.

    An upload that is no video, so that the projects posted here end at once.
    """
    rig.warm()
    project_id = start(client, rig.file(TALK), {"max_clips": 1})
    expect_completed(wait(client, project_id, timeout_s=600))
    project, clips = client.get(f"/v1/projects/{project_id}"), client.get(f"/v1/projects/{project_id}/clips")["items"]
    rig.out.mkdir(parents=True, exist_ok=True)
    no_video = rig.out / "no-video.mp4"
    no_video.write_bytes(b"no video " * 100)
    body = {"upload_id": send(client, no_video), "title": "no video"}
    no_video.unlink()
    key = f"{uuid4()}-{CUSTOMER}"
    for number in range(CLIENTS):
        posted = client.post("/v1/projects", body, key=key.replace(CUSTOMER, str(number)))
        wait(client, str(posted["project_id"]), timeout_s=120)
    return mix(project, clips, body, key)


async def fill_organisations(superuser: str) -> None:
    """Organisations with a key and projects each, in place of all projects that there are."""
    orgs = [uuid4() for _ in range(ORGANISATIONS)]
    connection = await asyncpg.connect(superuser)
    try:
        await connection.execute(_ORGANISATIONS, orgs)
        await connection.execute(_KEYS, orgs)
        copies = Copies(first=0, count=ORGANISATIONS * PROJECTS_OF_EACH, orgs=orgs, days=PROJECT_DAYS)
        await fill_tables(connection, read_recorded(), [copies], RetentionRules())
        await connection.execute("vacuum (analyze) orgs, api_keys")
    finally:
        await connection.close()


def make_load(rig: Rig, client: Client, *, seconds: float) -> Load:
    """The clients' requests to the running API and their rate, for ``seconds``."""
    info = rig.stack()
    at = urlsplit(info.api)
    assert at.hostname
    assert at.port
    return Load(
        host=at.hostname, port=at.port, api_key=info.api_key, asks=prepared(rig, client), clients=CLIENTS,
        per_second=PER_SECOND, seconds=seconds,
    )  # fmt: skip


def bench(rig: Rig, *, filled: bool = False) -> list[Claim]:
    """As a part of ``python -m benchmarks``; ``filled``: with the tables of many organisations."""
    video = rig.recipe()
    if filled and rig.stack().started_here:
        say(f"API: fills the tables with {ORGANISATIONS} organisations")
        asyncio.run(fill_organisations(rig.superuser()))
    with contextlib.closing(rig.client()) as client:
        load = make_load(rig, client, seconds=5.0 if rig.quick else REST_S)
        rest = heard_at_rest(load)
        busy = heard_during_job(client, video, msgspec.structs.replace(load, seconds=BUSY_S))
    return claims_of(busy, rest)


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, partial(bench, filled=True)))
