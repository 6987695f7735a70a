"""Kafka brokers from the stack's own jars, one or three of them, that a test may kill and start again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.infra.kafka.access import KafkaAccess
from local.config.paths import cache_dir, make_private
from local.install import kafka as jars
from local.install.tools import find_java
from local.supervisor.processes import tie_to_parent
from streams.setup.topics import create_topics
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, Patience

CLUSTER = "kClipstreamTestsAAAAAA"
_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
auto.create.topics.enable=false
message.max.bytes=2000000
"""


class Broker:
    """One node: broker and controller."""

    def __init__(self, node: int, port: int, folder: Path) -> None:
        self.node, self.port, self._folder = node, port, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._java = java_command()

    @property
    def pid(self) -> int:
        """Of its process, once it was started."""
        assert self._process is not None
        return self._process.pid

    @property
    def properties(self) -> Path:
        """Its configuration."""
        return self._folder / "server.properties"

    def format(self) -> None:
        """Make its storage."""
        arguments = ["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(self.properties)]
        subprocess.run([*self._java, *arguments], check=True, capture_output=True)

    def start(self) -> None:
        """Start it; it listens later."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self.properties)],
                stdout=log,
                stderr=log,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )

    def wait(self) -> None:
        """Until it listens."""
        patience = Patience(f"the start of broker {self.node}")
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process is not None
                assert self._process.poll() is None, (self._folder / "log").read_text()[-3000:]
                patience.check((self._folder / "log").stat().st_size)
                time.sleep(0.1)
            else:
                return

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(HANG_S)


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Brokers that run."""

    brokers: Sequence[Broker]

    @property
    def bootstrap(self) -> str:
        """All of them."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)


def java_command() -> list[str]:
    """Java with the jars of Kafka; installs them first where they are missing."""
    java = find_java()
    folder = jars.install(make_private(cache_dir(os.environ)), os.environ, print)
    options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"]
    return [java, *options, f"-Dlog4j2.configurationFile={jars.HERE / 'log4j2.yaml'}", "-cp", f"{folder}/*"]


@contextmanager
def run_cluster(root: Path, count: int, more: str = "", ports: Sequence[int] = ()) -> Iterator[Cluster]:
    """``count`` brokers with the product's topics; ``more``: further lines of configuration, with the same fields.

    ``ports``: where clients find them, if the caller needs to know it before.
    """
    found = free_ports(2 * count)
    ports, controllers = ports or found[:count], found[count:]
    voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in enumerate(controllers, 1))
    cluster = Cluster(brokers=[Broker(node, port, root / f"broker-{node}") for node, port in enumerate(ports, 1)])
    for broker, controller in zip(cluster.brokers, controllers, strict=True):
        folder = broker.properties.parent
        folder.mkdir(parents=True)
        text = (_PROPERTIES + more).format(
            node=broker.node, voters=voters, port=broker.port, controller=controller, data=folder / "data", copies=count
        )
        broker.properties.write_text(text)
        broker.format()
    try:
        for broker in cluster.brokers:
            broker.start()
        for broker in cluster.brokers:
            broker.wait()
        asyncio.run(create_topics(KafkaAccess(bootstrap=cluster.bootstrap)))
        yield cluster
    finally:
        for broker in cluster.brokers:
            broker.end()
