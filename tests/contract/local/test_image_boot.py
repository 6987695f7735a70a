"""The product's image, built of its Dockerfile without a container engine: every process of compose starts from it.

As in compose: as the image's user, on a read-only root, without a capability, with that service's settings alone. Only
endpoints differ: those of a stack's stores.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from local import stack as local_stack
from local.config.paths import REPO
from local.supervisor.processes import tie_to_parent
from tests.contract.rigs.compose_broker import FilledIn, compose_broker
from tests.contract.rigs.compose_file import interpolated, product_services, read_compose, settings_of
from tests.contract.rigs.image import Image, build, needs_root, start_command
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, Patience

SERVICES = product_services(read_compose())
ONCE = ("kafka-users", "migrate", "bootstrap", "reseal")
LASTING = sorted(set(SERVICES) - set(ONCE))
NOWHERE = "127.0.0.1:9"
SAID_BYTES = 3000
ROLES = tuple(f"CLIPSTREAM_POSTGRES_{name}" for name in ("API", "WORKER", "RELAY", "KEYS", "BOOTSTRAP", "ROLES"))
"""Addresses of roles: those of compose, which the image's own migration makes."""
SECRET = base64.b64encode(bytes(32)).decode()
FILLED_IN = FilledIn(CLIPSTREAM_SECRETS=f"k1:{SECRET}")


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The built image, and where the parts of this machine's stack are."""

    image: Image
    settings: dict[str, str]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The image, Kafka as compose has it, and a stack of the other stores alone; Triton is not asked for a start."""
    needs_root()
    image = build(REPO / "deploy" / "compose" / "Dockerfile")
    layout = local_stack.layout_of(tmp_path_factory.mktemp("image") / "stack")
    own = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")}
    own |= {name: os.environ[name] for name in ("CLIPSTREAM_CACHE",) if name in os.environ}
    with compose_broker(tmp_path_factory.mktemp("kafka"), FILLED_IN) as kafka:
        elsewhere = {"CLIPSTREAM_TRITON": NOWHERE, "CLIPSTREAM_KAFKA": kafka}
        try:
            info = local_stack.ensure_running(layout, own | elsewhere, print, stores_only=True, ends_with_us=True)
            yield Host(image=image, settings=info.env)
        finally:
            local_stack.reset(layout, print)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the image."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def log_tail(self) -> str:
        return self.log.read_text()[-SAID_BYTES:]


@contextmanager
def started(host: Host, name: str, folder: Path) -> Iterator[Started]:
    """A service of compose, from the image; killed at the end where it still runs."""
    service, (port,) = SERVICES[name], free_ports(1)
    point, secrets, log = folder / "point", folder / "secrets", folder / "log"
    for made in (point, secrets):
        made.mkdir(parents=True)
    secrets.chmod(0o755)
    command = start_command(
        host.image, point, service["command"], environment(host, name, port, secrets), secrets=secrets
    )
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=tie_to_parent(signal.SIGKILL))  # noqa: PLW1509
    try:
        yield Started(process=process, port=port, log=log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def environment(host: Host, name: str, port: int, secrets: Path) -> dict[str, str]:
    """The service's own variables, and no other; what names a part or a port is this machine's."""
    here = {setting: value for setting, value in host.settings.items() if not setting.startswith(ROLES)}
    here |= {"CLIPSTREAM_WORKER_HOST": "127.0.0.1", "CLIPSTREAM_WORKER_PORT": str(port)}
    here["CLIPSTREAM_API"] = f"http://127.0.0.1:{port}"
    database = host.settings["CLIPSTREAM_POSTGRES_OWNER"].rpartition("@")[2]
    given: dict[str, str] = {}
    for variable, value in SERVICES[name]["environment"].items():
        setting = variable.removesuffix("_FILE")
        text = here.get(setting) or interpolated(value, FILLED_IN).replace("postgres:5432/clipstream", database)
        if setting != variable:
            file = secrets / Path(value).name
            file.write_text(text)
            file.chmod(0o444)
        given[variable] = text if setting == variable else value
    return given


def ended(one: Started) -> int:
    """The exit code, once it has ended by itself."""
    patience = Patience("a process that ends by itself")
    while one.process.poll() is None:
        patience.check(one.log.stat().st_size)
        time.sleep(0.1)
    return one.process.returncode


@pytest.fixture(scope="module")
def migrated(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Every store is ready and the first organisation made, by the image's own processes."""
    for name in ONCE:
        with started(host, name, tmp_path_factory.mktemp(name) / "run") as one:
            assert ended(one) == 0, one.log_tail()
            assert name != "bootstrap" or '"api_key"' in one.log_tail()
    return host


def test_compose_has_every_process() -> None:
    assert {"api", "relay", "sink-clickhouse", "sink-meilisearch", "ingest", "render"} <= set(LASTING)
    assert all(settings_of(SERVICES[name]) for name in LASTING)


@pytest.mark.parametrize("name", LASTING)
def test_a_process_of_the_image_becomes_ready_and_leaves(migrated: Host, name: str, tmp_path: Path) -> None:
    with started(migrated, name, tmp_path) as one:
        patience = Patience(f"{name} becomes ready")
        while not _answers(f"http://127.0.0.1:{one.port}/readyz"):
            assert one.process.poll() is None, one.log_tail()
            patience.check(one.log.stat().st_size)
            time.sleep(0.1)
        assert _healthy(name, one.port), f"compose's health check of {name}"
        status = Path(f"/proc/{one.process.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert fields["Uid"].split() == [migrated.image.user] * 4
        assert (fields["CapEff"], fields["CapBnd"], fields["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(HANG_S) == 0, one.log_tail()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _healthy(name: str, port: int) -> bool:
    """Compose's own check, at this process's port."""
    words = SERVICES[name]["healthcheck"]["test"]
    assert words[0] == "CMD"
    code = words[-1].replace(":8081/", f":{port}/").replace(":8080/", f":{port}/")
    assert str(port) in code
    return subprocess.run([sys.executable, *words[2:-1], code], check=False).returncode == 0
