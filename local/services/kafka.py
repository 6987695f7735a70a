"""Apache Kafka as one KRaft node: configuration, command, storage."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from base64 import urlsafe_b64encode
from functools import partial
from typing import TYPE_CHECKING

from local.config.stack_secrets import kafka_password
from local.config.state import write_private
from local.errors import StackError
from local.install import kafka as jars
from local.services.readiness import kafka_round_trip, knock
from local.services.service import Part, Setting
from schemas.access.kafka_acls import OUTSIDE, PROCESSES, access_rules, principal_of

if TYPE_CHECKING:
    from core.infra.kafka.access import KafkaAccess

_JVM = ("-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
"""350 MB resident and ready in 2 s; the optimising compiler would take the CPU that the pipeline needs."""

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{internal}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CLIENTS:SASL_PLAINTEXT
inter.broker.listener.name=INTERNAL
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.internal.sasl.enabled.mechanisms=PLAIN
listener.name.internal.plain.sasl.jaas.config={plain}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain}
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin}
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
clients, 0.018 with them. Its own user is in this file, so it can log in before any other is made.
"""
_PLAIN = (
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="{admin}" password="{password}" '
    'user_{admin}="{password}";'
)
ADMIN = "clipstream-broker"
"""The broker itself, and the supervisor that makes users and rules."""


def kafka_part(setting: Setting) -> Part:
    """The broker."""
    port, controller, internal = (setting.port(name) for name in ("kafka", "kafka-controller", "kafka-internal"))
    password = kafka_password(setting.secrets, ADMIN)
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
        plain = _PLAIN.format(admin=ADMIN, password=password)
        ports = {"port": port, "controller": controller, "internal": internal}
        write_private(properties, _PROPERTIES.format(**ports, data=data, plain=plain, admin=ADMIN).encode())
        if not (data / "meta.properties").is_file():
            _format(java, str(properties), setting)

    def probe() -> None:
        knock(port)
        kafka_round_trip(administrator(internal, password))

    return Part(
        name="kafka",
        argv=(*java, "kafka.Kafka", str(properties)),
        env=setting.environ,
        tier="store",
        port=port,
        prepare=prepare,
        probe=probe,
        settle=partial(_make_users, setting, internal, password),
        alive=partial(knock, port),
        stop_timeout_s=20.0,
    )


def administrator(port: int, password: str) -> KafkaAccess:
    """Access of the user who may do everything, by the broker's internal listener."""
    from core.infra.kafka.access import KafkaAccess  # noqa: PLC0415

    return KafkaAccess(bootstrap=f"127.0.0.1:{port}", user=ADMIN, password=password, mechanism="PLAIN")


def _make_users(setting: Setting, port: int, password: str) -> None:
    """A principal for each kind of process, with what the table of topics says, and nothing else."""
    from core.errors import Unavailable  # noqa: PLC0415
    from core.infra.kafka.access import KafkaAccess  # noqa: PLC0415
    from core.infra.kafka.administration import await_login, open_administration  # noqa: PLC0415

    users = [principal_of(process) for process in (*PROCESSES, OUTSIDE)]

    async def make() -> None:
        async with open_administration(administrator(port, password)) as administration:
            await administration.put_users({user: kafka_password(setting.secrets, user) for user in users})
            await administration.put_rules(access_rules())
        bootstrap, last = f"127.0.0.1:{setting.port('kafka')}", users[-1]
        last_password = kafka_password(setting.secrets, last)
        await await_login(KafkaAccess(bootstrap=bootstrap, user=last, password=last_password))

    try:
        asyncio.run(make())
    except Unavailable as error:
        raise StackError("Kafka does not know its users: see `clipstream logs kafka`") from error


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
