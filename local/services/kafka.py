"""Apache Kafka as one KRaft node: configuration, command, storage."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from functools import partial

from local.errors import StackError
from local.install import kafka as jars
from local.services.readiness import kafka_round_trip, knock
from local.services.service import Part, Setting

_JVM = ("-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
"""350 MB resident and ready in 2 s; the optimising compiler would take the CPU that the pipeline needs."""

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
metadata.max.idle.interval.ms=0
auto.create.topics.enable=false
message.max.bytes=2000000
log.segment.bytes=67108864
log.retention.check.interval.ms=60000
"""
"""A single controller needs no empty records (metadata.max.idle.interval.ms): 0.011 of a core without
clients, 0.018 with them.
"""


def kafka_part(setting: Setting) -> Part:
    """The broker."""
    port, controller = setting.port("kafka"), setting.port("kafka-controller")
    run, data = setting.layout.run("kafka"), setting.layout.data("kafka")
    assert setting.installed.kafka_jars is not None
    assert setting.installed.java is not None
    java = (
        setting.installed.java,
        *_JVM,
        f"-Dlog4j2.configurationFile={jars.HERE / 'log4j2.yaml'}",
        "-cp",
        f"{setting.installed.kafka_jars}/*",
    )
    properties = run / "server.properties"

    def prepare() -> None:
        run.mkdir(parents=True, exist_ok=True)
        data.mkdir(parents=True, exist_ok=True)
        properties.write_text(_PROPERTIES.format(port=port, controller=controller, data=data))
        if not (data / "meta.properties").is_file():
            _format(java, str(properties), setting)

    def probe() -> None:
        knock(port)
        kafka_round_trip(f"127.0.0.1:{port}")

    return Part(
        name="kafka",
        argv=(*java, "kafka.Kafka", str(properties)),
        env=setting.environ,
        tier="store",
        port=port,
        prepare=prepare,
        probe=probe,
        alive=partial(knock, port),
        stop_timeout_s=20.0,
    )


def _format(java: tuple[str, ...], properties: str, setting: Setting) -> None:
    cluster = "k" + urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]  # a leading "-" would be read as an option
    result = subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties],
        env=dict(setting.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        words = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
        raise StackError(
            f"Kafka's storage could not be formatted ({words[-1][:160]}): `clipstream reset` starts with a new one"
        )
