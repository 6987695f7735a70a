"""SeaweedFS as the S3 store: one process, no telemetry, no web pages."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from local.config.stack_secrets import process_key
from local.config.state import write_private
from local.services.readiness import http_get, knock, objects_round_trip
from local.services.service import Part, Setting
from local.services.table import OBJECT_PORTS
from schemas.access.object_policies import WRITES, policy_of

Credentials = tuple[str, str]
"""Access key and secret key."""
MEMORY_LIMIT = "512MiB"
"""Where Go's collector begins to work harder; without one 128 MB become 1 GB after 600 MB of traffic. It holds 420 MiB
at most then; at 300MiB (370 held) the collector took two fifths of the processor time of writing an object."""

PORT_FLAGS = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
"""The server's names of `OBJECT_PORTS`, in their order."""


def endpoint(setting: Setting) -> str:
    """Address of S3."""
    return f"http://127.0.0.1:{setting.port('objects')}"


def arguments(ports: Sequence[int], data: Path, config: Path) -> tuple[str, ...]:
    """Arguments with which the server is started; ``ports`` as `OBJECT_PORTS` names them."""
    return (
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{flag}={port}" for flag, port in zip(PORT_FLAGS, ports, strict=True)),
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-master.telemetry=false",
        "-admin.ui=false",
        "-webdav=false",
        "-volume.fileSizeLimitMB=64",
    )


def access_config(admin: Credentials, keys: Mapping[str, Credentials], bucket: str) -> dict[str, Any]:
    """The server's identities: an administrator, and each process with its policy."""
    policies = [{"name": name, "content": json.dumps(policy_of(name, bucket))} for name in keys]
    people = [{**_identity(name, key), "actions": [], "policyNames": [name]} for name, key in keys.items()]
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    return {"identities": [{**_identity("clipstream", admin), "actions": everything}, *people], "policies": policies}


def _identity(name: str, key: Credentials) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": key[0], "secretKey": key[1]}]}


def objects_part(setting: Setting) -> Part:
    """The store."""
    secrets, data = setting.secrets, setting.layout.data("objects")
    config = setting.layout.run("objects") / "s3.json"
    admin = (secrets.s3_access_key, secrets.s3_secret_key)
    keys = {process: process_key(secrets, process) for process in (*WRITES, "migrate")}
    access = access_config(admin, keys, setting.environ.get("CLIPSTREAM_S3_BUCKET") or "clipstream")

    def prepare() -> None:
        data.mkdir(parents=True, exist_ok=True)
        config.parent.mkdir(parents=True, exist_ok=True)
        (data / "mini.options").unlink(missing_ok=True)  # it is read again at start, with the ports of last time
        write_private(config, json.dumps(access).encode())

    def probe() -> None:
        knock(setting.port("objects"))
        objects_round_trip(endpoint(setting), secrets.s3_access_key, secrets.s3_secret_key)

    return Part(
        name="objects",
        argv=(
            str(Path(sys.executable).with_name("weed")),
            "-logtostderr=true",
            "mini",
            *arguments([setting.port(name) for name in OBJECT_PORTS], data, config),
        ),
        env={**setting.environ, "GOMEMLIMIT": MEMORY_LIMIT},
        tier="store",
        port=setting.port("objects"),
        prepare=prepare,
        probe=probe,
        alive=partial(http_get, f"{endpoint(setting)}/healthz"),  # type: ignore[arg-type]
        stop_timeout_s=10.0,
    )
