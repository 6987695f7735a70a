"""Each process may do on the local stack's Kafka what the table of topics says, and is refused the rest."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import Awaitable, Iterator
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from api.organisation.overview import topics_of_groups
from cli.__main__ import main
from cli.exit_codes import ExitCode
from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.administration import Administration, open_administration
from core.infra.kafka.group_lag import read_group_lags
from local import stack
from local.config.stack_secrets import Secrets, kafka_password, load_or_make
from local.endpoints import GIVEN_BY
from local.services.kafka import ADMIN, administrator
from schemas.access.kafka_acls import OUTSIDE, PROCESSES, AccessRule, access_rules, principal_of
from schemas.topics import TOPICS
from streams.setup.topics import create_topics
from tests.support.progress import HANG_S, await_while_moving

GROUPS = sorted({rule.name for rule in access_rules() if rule.resource == "Group"})
MUST = {
    ("relay", "Topic", "spans.v1", "Write"),
    ("listen", "Topic", "spans.v1", "Read"),
    ("listen", "Group", "clipstream-listen", "Read"),
    ("api", "Topic", "projects.v1", "Read"),
    ("sink-clickhouse", "Topic", "dead.v1", "Write"),
    ("sink-clickhouse", "Topic", "uploads.v1", "Read"),
    ("producer", "Topic", "uploads.v1", "Write"),
}
MUST_NOT = {
    ("listen", "Topic", "spans.v1", "Write"),
    ("api", "Topic", "projects.v1", "Write"),
    ("sink-clickhouse", "Topic", "projects.v1", "Write"),
    ("producer", "Topic", "uploads.v1", "Read"),
    ("producer", "Topic", "projects.v1", "Write"),
    ("setup", "Topic", "uploads.v1", "Write"),
}


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """A broker with users and rules."""

    bootstrap: str
    internal: KafkaAccess
    """Of the administrator."""
    secrets: Secrets

    def access(self, process: str) -> KafkaAccess:
        user = principal_of(process)
        return KafkaAccess(bootstrap=self.bootstrap, user=user, password=kafka_password(self.secrets, user))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The local stack's Kafka, alone, with a message on each topic."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")}
    if "CLIPSTREAM_CACHE" in os.environ:
        own["CLIPSTREAM_CACHE"] = os.environ["CLIPSTREAM_CACHE"]
    for part, names in GIVEN_BY.items():
        if part != "kafka":
            own |= dict.fromkeys(names, "127.0.0.1:9")
    layout = stack.layout_of(tmp_path_factory.mktemp("guarded") / "stack")
    try:
        info = stack.ensure_running(layout, own, print, stores_only=True, ends_with_us=True)
        secrets = load_or_make(layout)
        properties = (layout.run("kafka") / "server.properties").read_text()
        internal = re.findall(r"INTERNAL://127\.0\.0\.1:(\d+)", properties)[0]
        made = Guarded(
            bootstrap=info.env["CLIPSTREAM_KAFKA"],
            internal=administrator(int(internal), kafka_password(secrets, ADMIN)),
            secrets=secrets,
        )
        asyncio.run(create_topics(made.access("setup")))
        asyncio.run(fill(made))
        yield made
    finally:
        stack.reset(layout, print)


async def fill(guarded: Guarded) -> None:
    for process in ("relay", OUTSIDE, "sink-clickhouse"):
        for topic in TOPICS:
            await is_granted(write(guarded.access(process), topic.name))


async def is_granted(doing: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(HANG_S):
            await doing
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError):
        return False
    return True


async def write(access: KafkaAccess, topic: str) -> None:
    producer = AIOKafkaProducer(**access.client_options(), acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", partition=0)
    finally:
        await producer.stop()


async def read(access: KafkaAccess, topic: str) -> None:
    place = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(**access.client_options(), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        if topic not in await consumer.topics():
            raise TopicAuthorizationFailedError(topic)  # not even described: to fetch, aiokafka would ask for ever
        consumer.assign([place])
        consumer.seek(place, 0)
        await consumer.getone(place)
    finally:
        await consumer.stop()


async def join(access: KafkaAccess, group: str) -> None:
    """Commit something for a group, as its members do."""
    topics = {rule.name for rule in access_rules() if rule.principal == access.user and rule.operation == "Read"}
    place = TopicPartition(min(topics & {topic.name for topic in TOPICS}, default="uploads.v1"), 0)
    consumer = AIOKafkaConsumer(**access.client_options(), group_id=group, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign([place])
        await consumer.commit({place: 0})
    finally:
        await consumer.stop()


@pytest.mark.parametrize("process", [*PROCESSES, OUTSIDE])
async def test_a_process_may_do_what_the_table_says_and_nothing_else(guarded: Guarded, process: str) -> None:
    access = guarded.access(process)
    wanted = {rule for rule in access_rules() if rule.principal == access.user and rule.operation in ("Read", "Write")}
    asked: dict[AccessRule, Awaitable[object]] = {}
    for topic in TOPICS:
        for operation, attempt in (("Write", write), ("Read", read)):
            rule = AccessRule(principal=access.user, resource="Topic", name=topic.name, operation=operation)  # type: ignore[arg-type]
            asked[rule] = attempt(access, topic.name)
    for group in GROUPS:
        rule = AccessRule(principal=access.user, resource="Group", name=group, operation="Read")
        asked[rule] = join(access, group)
    granted = {rule for rule, doing in asked.items() if await is_granted(doing)}
    assert granted == wanted
    done = {(process, rule.resource, rule.name, rule.operation) for rule in granted}
    assert {row for row in MUST if row[0] == process} <= done
    assert not MUST_NOT & done


async def test_a_client_without_a_user_or_its_password_is_refused(guarded: Guarded) -> None:
    relay = guarded.access("relay")
    for access in (KafkaAccess(bootstrap=guarded.bootstrap), msgspec.structs.replace(relay, password="wrong")):
        with pytest.raises((KafkaConnectionError, KafkaError)):
            await write(access, "uploads.v1")


def printed_rules(text: str, broker: str) -> list[AccessRule]:
    """The rules that calls of kafka-acls.sh put in place; each line must be one."""
    rules = []
    for line in text.splitlines():
        words = shlex.split(line)
        assert words[:6] == ["kafka-acls.sh", "--bootstrap-server", broker, "--add", "--allow-principal", words[5]]
        (*operations, kind, name) = words[6:]
        assert set(operations[::2]) == {"--operation"}
        for operation in operations[1::2]:
            rules.append(
                AccessRule(
                    principal=words[5].removeprefix("User:"),
                    resource=kind.removeprefix("--").capitalize(),  # type: ignore[arg-type]
                    name=name,
                    operation=operation,  # type: ignore[arg-type]
                )
            )
    return rules


def test_the_command_prints_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["acls", "--broker", "kafka.example:9092"]) == ExitCode.OK
    rules = printed_rules(capsys.readouterr().out, "kafka.example:9092")
    assert sorted(rules) == list(access_rules())


STRAY = AccessRule(principal=principal_of("listen"), resource="Topic", name="spans.v1", operation="Write")
"""A rule that is in no table."""


async def lay(guarded: Guarded) -> None:
    """Put the stray rule beside the others, and let the administrator log in as clients do."""
    async with open_administration(guarded.internal) as administration:
        await administration.put_users({ADMIN: guarded.internal.password})
        await administration.put_rules([*access_rules(), STRAY])


async def until_granted(guarded: Guarded, granted: bool) -> None:
    """Return once the broker, which follows its controller, grants the stray rule or refuses it."""

    async def asked() -> bool:
        return await is_granted(write(guarded.access("listen"), STRAY.name)) is granted

    await await_while_moving(asked, f"the stray rule: {granted}")


def test_applying_removes_strays_and_then_changes_nothing(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    ask = Administration._ask

    async def noting(self: Administration, struct: Any) -> Any:
        asked.append(type(struct).__name__)
        return await ask(self, struct)

    asyncio.run(lay(guarded))
    asyncio.run(until_granted(guarded, True))
    monkeypatch.setattr(Administration, "_ask", noting)
    apply = ["acls", "--apply", "--broker", guarded.bootstrap]

    own = guarded.access("listen")
    monkeypatch.setenv("CLIPSTREAM_KAFKA_USER", own.user)
    monkeypatch.setenv("CLIPSTREAM_KAFKA_PASSWORD", own.password)
    assert main(apply) == ExitCode.STACK_UNAVAILABLE, "who administers nothing changes nothing"
    assert "the rules are not in place" in capsys.readouterr().err
    asyncio.run(until_granted(guarded, True))

    monkeypatch.setenv("CLIPSTREAM_KAFKA_USER", ADMIN)
    monkeypatch.setenv("CLIPSTREAM_KAFKA_PASSWORD", guarded.internal.password)
    asked.clear()
    assert main(apply) == ExitCode.OK
    assert [name for name in asked if not name.startswith("Describe")] == ["DeleteAclsRequest_v1"]
    asyncio.run(until_granted(guarded, False))
    asked.clear()
    assert main(apply) == ExitCode.OK
    assert asked
    assert {name.partition("Acls")[0] for name in asked} == {"Describe"}, "the second time there is nothing to change"
    assert capsys.readouterr().out.splitlines() == [f"{len(access_rules())} rules are in place"] * 2
    assert asyncio.run(is_granted(write(guarded.access("relay"), STRAY.name))), "what the table says stays"


async def test_the_api_and_no_stage_may_read_the_lag_of_groups(guarded: Guarded) -> None:
    groups = topics_of_groups()
    before = {(lag.group, lag.topic): lag.messages for lag in await read_group_lags(guarded.access("api"), groups)}
    assert set(before) == {(group, topic) for group, topics in groups.items() for topic in topics}
    await write(guarded.access(OUTSIDE), "uploads.v1")
    after = {(lag.group, lag.topic): lag.messages for lag in await read_group_lags(guarded.access("api"), groups)}
    grown = {place for place in after if after[place] == before[place] + 1}
    assert grown == {(group, topic) for group, topic in after if topic == "uploads.v1"}
    with pytest.raises(Unavailable, match="Authorization"):
        await read_group_lags(guarded.access("listen"), groups)
