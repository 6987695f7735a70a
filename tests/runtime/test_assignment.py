"""Partition assignment: no worker is idle, and the parts of a short video go to different workers."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from schemas.stages import STAGES
from schemas.topics import BY_NAME, PARTITIONS, partition_for
from streams.worker import build_app, topics_of
from tests.contract.rigs.servers import make_settings

SPAN_WINDOW = 4


class Cluster(ClusterMetadata):
    """Every topic has the table's partitions."""

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(BY_NAME[topic].partitions))


def assign(stage: str, members: list[str]) -> dict[str, set[tuple[str, int]]]:
    subscribed = RoundRobinPartitionAssignor.metadata(topics_of(stage))
    dealt = RoundRobinPartitionAssignor.assign(Cluster(), dict.fromkeys(members, subscribed))
    return {
        member: {(topic, at) for topic, partitions in given.assignment for at in partitions}
        for member, given in dealt.items()
    }


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("workers", range(1, PARTITIONS + 1))
def test_no_worker_is_idle_after_any_restart(stage: str, workers: int) -> None:
    """Ids of members change with each restart, so any order of them has to do."""
    order = random.Random(workers)
    members = [f"{uuid4()}" for _ in range(workers)]
    for _ in range(workers + 1):
        owned = assign(stage, members)
        sizes = [len(places) for places in owned.values()]
        assert max(sizes) - min(sizes) <= 1
        assert min(sizes) >= 1
        assert sum(sizes) == len({place for places in owned.values() for place in places})
        members[order.randrange(workers)] = f"{uuid4()}"


@pytest.mark.parametrize("workers", range(1, PARTITIONS + 1))
def test_the_first_spans_of_a_video_lie_with_different_workers(workers: int) -> None:
    spans = BY_NAME["spans.v1"]
    owned = assign("listen", [f"listen-{number:02}" for number in range(workers)])
    owner = {at: member for member, places in owned.items() for topic, at in places if topic == spans.name}
    for project in range(PARTITIONS):
        owners = [owner[partition_for(spans, UUID(int=project), ordinal)] for ordinal in range(SPAN_WINDOW)]
        wanted = min(workers, SPAN_WINDOW)
        assert len(set(owners)) >= (wanted if PARTITIONS % workers == 0 else wanted / 2), (project, owners)


def test_the_app_uses_this_assignor_and_its_setting_of_a_name(tmp_path: Path) -> None:
    """Faust uses its own assignor for standby replicas or tables."""
    settings = msgspec.structs.replace(make_settings(), work_dir=tmp_path, kafka_instance="listen-1")
    app = build_app(settings, "listen", lambda _: None)
    assert app.conf.table_standby_replicas == 0
    assert not app.tables.data
    assert app.conf.consumer_group_instance_id == "listen-1"
    assert build_app(make_settings(work_dir=tmp_path), "look", lambda _: None).conf.consumer_group_instance_id is None
