"""Rights of each process on Kafka, by the table of topics: principals and rules. Pure data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from schemas.stages import STAGES
from schemas.topics import TOPICS, Topic

Operation = Literal["Read", "Write", "Create", "Describe", "Alter", "DescribeConfigs", "AlterConfigs"]
ResourceType = Literal["Topic", "Group"]
SINK_PROCESSES = ("sink-clickhouse", "sink-meilisearch")
PROCESSES: tuple[str, ...] = (*STAGES, "api", "relay", *SINK_PROCESSES, "setup")
"""Every kind of process; ``setup`` makes topics, and rewinds sinks."""
OUTSIDE = "producer"
"""A producer that does not belong to the product: it writes uploads, and nothing else."""
WATCHER = "keda"
"""Who scales stages by their lag: it sees how far the groups are, and no message."""
BACKGROUND_GROUPS = ("clipstream-sweeper", "clipstream-letters")
"""Consumer groups in the relay's process."""
_RELAYED_BY_OTHERS = frozenset({"sinks", "external producers"})
"""Who writes to a topic itself. All other producers of the table write to the outbox, and the relay sends it."""


class AccessRule(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One permission of one principal, on a resource of exactly this name."""

    principal: str
    resource: ResourceType
    name: str
    operation: Operation


def principal_of(process: str) -> str:
    """The user's name of a process, as it logs in."""
    return f"clipstream-{process}"


def login_of(process: str) -> str:
    """The login of a process, one of ``PROCESSES``: those that run once share ``setup``."""
    return process if process in PROCESSES else "setup"


def stage_group(stage: str) -> str:
    """Consumer group of a stage."""
    return f"clipstream-{stage}"


def sink_group(sink: str) -> str:
    """Consumer group of a sink."""
    return f"clipstream.sink.{sink}"


def access_rules() -> tuple[AccessRule, ...]:
    """Every rule, sorted. What is not among them is refused."""
    return tuple(sorted({*_topic_rules(), *_group_rules(), *_setup_rules(), *_watcher_rules()}))


def command_lines(bootstrap: str) -> list[str]:
    """The rules as calls of Kafka's own ``kafka-acls.sh``, one a principal and resource."""
    operations: dict[tuple[str, ResourceType, str], list[str]] = {}
    for rule in access_rules():
        operations.setdefault((rule.principal, rule.resource, rule.name), []).append(rule.operation)
    return [
        f"kafka-acls.sh --bootstrap-server {bootstrap} --add --allow-principal User:{principal} "
        f"{' '.join(f'--operation {operation}' for operation in permitted)} --{resource.lower()} {name}"
        for (principal, resource, name), permitted in operations.items()
    ]


def _topic_rules() -> Iterator[AccessRule]:
    for topic in TOPICS:
        for process in _writers(topic):
            yield _rule(process, "Topic", topic.name, "Write")
        for process in _readers(topic):
            yield _rule(process, "Topic", topic.name, "Read")


def _writers(topic: Topic) -> Iterator[str]:
    if set(topic.producers) - _RELAYED_BY_OTHERS:
        yield "relay"
    if "sinks" in topic.producers:
        yield from SINK_PROCESSES
    if "external producers" in topic.producers:
        yield OUTSIDE


def _readers(topic: Topic) -> Iterator[str]:
    for consumer in topic.consumers:
        if consumer in STAGES:
            yield consumer
        elif consumer == "sinks":
            yield from SINK_PROCESSES
        elif consumer == "sweeper":
            yield "relay"
        elif consumer.startswith("api"):
            yield "api"


def _group_rules() -> Iterator[AccessRule]:
    for stage in STAGES:
        yield _rule(stage, "Group", stage_group(stage), "Read")
    for process in SINK_PROCESSES:
        yield _rule(process, "Group", sink_group(process.removeprefix("sink-")), "Read")
    for group in BACKGROUND_GROUPS:
        yield _rule("relay", "Group", group, "Read")


def _setup_rules() -> Iterator[AccessRule]:
    operations: tuple[Operation, ...] = ("Read", "Create", "Describe", "Alter", "DescribeConfigs", "AlterConfigs")
    for topic in TOPICS:
        for operation in operations:
            yield _rule("setup", "Topic", topic.name, operation)
    for process in SINK_PROCESSES:
        yield _rule("setup", "Group", sink_group(process.removeprefix("sink-")), "Read")


def _watcher_rules() -> Iterator[AccessRule]:
    for topic in TOPICS:
        if set(topic.consumers) & set(STAGES):
            yield _rule(WATCHER, "Topic", topic.name, "Describe")
    for stage in STAGES:
        yield _rule(WATCHER, "Group", stage_group(stage), "Describe")
    yield from _overview_rules()


def _overview_rules() -> Iterator[AccessRule]:
    """The API shows operators the lag of stages and sinks: it describes their groups and topics."""
    for topic in TOPICS:
        if {*STAGES, "sinks"} & set(topic.consumers):
            yield _rule("api", "Topic", topic.name, "Describe")
    for group in (*map(stage_group, STAGES), *(sink_group(name.removeprefix("sink-")) for name in SINK_PROCESSES)):
        yield _rule("api", "Group", group, "Describe")


def _rule(process: str, resource: ResourceType, name: str, operation: Operation) -> AccessRule:
    return AccessRule(principal=principal_of(process), resource=resource, name=name, operation=operation)
