"""Kafka of compose: nobody comes in without a login, and each process by its own, which compose's job makes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from core.infra.kafka.access import KafkaAccess, kafka_access
from core.settings import PREFIX, load_settings
from schemas.access.kafka_acls import WATCHER, access_rules, principal_of, stage_group
from streams.setup.topics import create_topics
from tests.contract.rigs.compose_broker import ADDRESS, FilledIn, compose_broker
from tests.contract.rigs.compose_file import interpolated, process_of, product_services, read_compose
from tests.contract.runtime.test_kafka_access import GROUPS, is_granted, join, read, write

VALUES = FilledIn(CLIPSTREAM_SECRETS=f"k1:{'A' * 43}=")
SERVICES = {process_of(one["command"]): one for one in product_services(read_compose()).values()}
LOGINS = {process: one for process, one in SERVICES.items() if PREFIX + "KAFKA" in one["environment"]}
LASTING = sorted(set(LOGINS) - {"migrate", "kafka-users", None}, key=str)
KEDAS_PASSWORD = "of-keda"
PLACE = TopicPartition("spans.v1", 0)


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The broker with the users that compose's own job made."""

    address: str

    def environment(self, process: str) -> dict[str, str]:
        told = LOGINS[process]["environment"]
        return {name: interpolated(value, VALUES).replace(ADDRESS, self.address) for name, value in told.items()}

    def access(self, process: str) -> KafkaAccess:
        """As the process itself reads it from its variables."""
        return kafka_access(load_settings(self.environment(process), process))

    def make_users(self, more: str = "", **changed: str) -> subprocess.CompletedProcess[str]:
        given = self.environment("kafka-users") | changed
        given[f"{PREFIX}KAFKA_USERS"] += more
        command = [sys.executable, *LOGINS["kafka-users"]["command"][1:]]
        return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker of compose's settings, users by compose's job, topics by the login of the migration."""
    with compose_broker(tmp_path_factory.mktemp("compose-kafka"), VALUES) as address:
        made = Running(address=address)
        for _ in range(2):  # compose starts the job again at each `up`
            ended = made.make_users(f",{principal_of(WATCHER)}:{KEDAS_PASSWORD}")
            assert ended.returncode == 0, ended.stderr
        asyncio.run(create_topics(made.access("migrate")))
        yield made


@pytest.mark.parametrize("process", LASTING)
async def test_a_process_works_by_its_own_login_and_is_refused_more(running: Running, process: str) -> None:
    access = running.access(process)
    assert access.user == principal_of(process)
    own = [rule for rule in access_rules() if rule.principal == access.user]
    for rule in own:
        if rule.resource == "Group":
            assert await is_granted(join(access, rule.name)) == (rule.operation == "Read"), rule
        elif rule.operation == "Write":
            assert await is_granted(write(access, rule.name)), rule
    foreign = min(set(GROUPS) - {rule.name for rule in own if rule.operation == "Read"})
    assert not await is_granted(join(access, foreign))


async def test_a_client_without_its_own_login_is_refused(running: Running) -> None:
    relay = running.access("relay")
    bare = KafkaAccess(bootstrap=running.address)
    for access in (bare, msgspec.structs.replace(relay, password=running.access("api").password)):
        with pytest.raises((KafkaConnectionError, KafkaError)):
            await write(access, "spans.v1")


async def test_keda_sees_how_far_a_group_is_and_no_message(running: Running) -> None:
    access = KafkaAccess(bootstrap=running.address, user=principal_of(WATCHER), password=KEDAS_PASSWORD)
    await join(running.access("listen"), stage_group("listen"))
    client = AIOKafkaAdminClient(**access.client_options())
    await client.start()
    try:
        (described,) = await client.describe_topics(["spans.v1"])
        offsets = await client.list_consumer_group_offsets(stage_group("listen"), partitions=[PLACE])
    finally:
        await client.close()
    assert described["error_code"] == 0
    assert offsets[PLACE].offset >= 0
    await write(running.access("relay"), "spans.v1")
    assert not await is_granted(read(access, "spans.v1"))
    assert not await is_granted(write(access, "spans.v1"))


def test_the_command_line_logs_in_as_the_broker_too(running: Running) -> None:
    command = [sys.executable, "-m", "cli", "acls", "--apply"]
    environment = running.environment("kafka-users")
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert f"{len(access_rules())} rules are in place" in ended.stdout


def test_the_job_reports_what_it_cannot_do(running: Running) -> None:
    ended = running.make_users(",clipstream-nobody:x")
    assert ended.returncode == 2
    assert "clipstream-nobody" in ended.stderr
    assert "not-told" not in running.make_users(",clipstream-nobody:not-told").stderr
    assert running.make_users(CLIPSTREAM_KAFKA_PASSWORD="wrong").returncode == 3
