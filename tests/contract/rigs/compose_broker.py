"""Kafka as compose starts it: the configuration that its image makes of our variables, on ports of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.config.paths import cache_dir, make_private
from local.install import kafka as jars
from local.install.tools import find_java
from tests.contract.rigs.brokers import Broker
from tests.contract.rigs.compose_file import interpolated, read_compose
from tests.contract.rigs.servers import free_ports

ADDRESS = "kafka:9092"
"""Where compose's services find it."""


class FilledIn(dict[str, str]):
    """An .env that is filled in: a value of its own for each variable."""

    def __missing__(self, name: str) -> str:
        return name.lower()


def image_properties(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """server.properties as the entry point of Kafka's image writes it: its own class, out of the jars that we run."""
    home = jars.install(make_private(cache_dir(os.environ)), os.environ, print)
    for name in ("default", "mounted", "final"):
        (scratch / name).mkdir(parents=True)
    (scratch / "default" / "server.properties").write_text("log.dirs=/var/lib/kafka/image-default\n")
    subprocess.run(
        [find_java(), "-cp", f"{home}/*", "kafka.docker.KafkaDockerWrapper", "setup",
         "--default-configs-dir", scratch / "default", "--mounted-configs-dir", scratch / "mounted",
         "--final-configs-dir", scratch / "final"],
        env={"PATH": os.environ["PATH"], "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw", **environment},
        capture_output=True, check=False,
    )  # fmt: skip  # it ends where it would log: the file is written before
    text = (scratch / "final" / "server.properties").read_text()
    given = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert given["node.id"] == environment["KAFKA_NODE_ID"], "the entry point took other settings"
    return given


@contextmanager
def compose_broker(folder: Path, values: Mapping[str, str]) -> Iterator[str]:
    """``host:port`` of a broker of compose's configuration; only places differ. ``values``: of the .env."""
    told = read_compose()["services"]["kafka"]["environment"]
    given = image_properties({name: interpolated(text, values) for name, text in told.items()}, folder / "image")
    port, controller = free_ports(2)
    for name in ("listeners", "advertised.listeners", "controller.quorum.voters"):
        moved = given[name].replace("kafka:", ":").replace("//:", "//127.0.0.1:").replace("@:", "@127.0.0.1:")
        given[name] = moved.replace("9092", f"{port}").replace("9093", f"{controller}")
    given["log.dirs"] = f"{folder / 'data'}"
    broker = Broker(1, port, folder)
    broker.properties.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    broker.format()
    try:
        broker.start()
        broker.wait()
        yield f"127.0.0.1:{port}"
    finally:
        broker.end()
