"""``python -m api`` as a process: it serves, names parts that are down, drains, and names missing settings."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import msgspec
import pytest

from core.settings import Settings
from tests.contract.rigs.servers import Server, begun, free_ports
from tests.support.progress import HANG_S, wait_while_moving

pytestmark = pytest.mark.contract


def environment(settings: Settings, port: int) -> dict[str, str]:
    names = (
        "kafka", "postgres_api", "postgres_worker", "postgres_relay", "s3", "s3_access_key", "s3_secret_key",
        "s3_bucket", "triton", "clickhouse", "meilisearch", "meilisearch_key",
    )  # fmt: skip
    given = {f"CLIPSTREAM_{name.upper()}": str(getattr(settings, name)) for name in names}
    given["CLIPSTREAM_SECRET"] = base64.b64encode(settings.secret).decode()
    given["CLIPSTREAM_API"] = f"http://127.0.0.1:{port}"
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | given


def answers(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether the API serves; fails if it ended."""
    assert process.poll() is None, log.read_text()
    try:
        return httpx2.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def run_api(settings: Settings, log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    (port,) = free_ports(1)
    with log.open("wb") as out:
        process = begun(["api"], environment(settings, port), out)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_while_moving(lambda: answers(url, process, log), "the API's first answer")
        yield url, process
    finally:
        process.kill()
        process.wait()


def test_the_process_serves_names_parts_that_are_down_and_drains(
    postgres: Settings, seaweedfs: Server, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(
        postgres,
        s3=seaweedfs.url,
        s3_access_key=seaweedfs.user,
        s3_secret_key=seaweedfs.password,
        s3_bucket=f"none-{uuid4().hex[:6]}",
    )
    log = tmp_path / "api.log"
    with run_api(settings, log) as (url, process):
        ready = httpx2.get(f"{url}/readyz", trust_env=False, timeout=HANG_S).json()
        assert ready["parts"]["postgres"]["up"]
        assert {"kafka", "search", "clickhouse", "triton"} <= set(ready["down"])
        assert httpx2.get(f"{url}/v1/projects", trust_env=False).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG_S) == 0
    lines = [msgspec.json.decode(line) for line in log.read_bytes().splitlines() if line.strip()]
    assert any(line.get("event") == "request" and line.get("path") == "/v1/projects" for line in lines)
    assert all(line["process"] == "api" for line in lines)


def test_a_missing_setting_or_database_is_one_line_and_a_code(postgres: Settings) -> None:
    (port,) = free_ports(1)
    given = environment(postgres, port)
    for change, code, said in (
        ({"CLIPSTREAM_SECRET": "%%%"}, 2, "CLIPSTREAM_SECRET"),
        ({"CLIPSTREAM_POSTGRES_API": f"postgresql://a:b@127.0.0.1:{port}/c"}, 3, "postgres"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "api"], env=given | change, capture_output=True, timeout=HANG_S, check=False
        )
        assert done.returncode == code, done.stderr
        assert said in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()
