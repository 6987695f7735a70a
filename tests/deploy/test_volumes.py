"""Each part of compose keeps its data in a volume: by the rules of its own image, from the environment that we give."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from tests.contract.rigs.compose_broker import image_properties
from tests.contract.rigs.compose_file import read_compose

COMPOSE = read_compose()
KAFKAS_OWN = "/tmp/kafka-logs"
"""log.dir of a broker that is told nothing (Kafka's ServerLogConfigs)."""


def mounts(service: str) -> set[PurePosixPath]:
    """Where a service has a named volume."""
    pairs = (volume.split(":") for volume in COMPOSE["services"][service]["volumes"])
    return {PurePosixPath(target) for source, target, *_ in pairs if source in COMPOSE["volumes"]}


def is_in_a_volume(service: str, folder: str) -> bool:
    place = PurePosixPath(folder)
    return any(mount == place or mount in place.parents for mount in mounts(service))


def kafka_folders(environment: dict[str, str], scratch: Path) -> list[str]:
    """log.dirs as the entry point of Kafka's image derives it."""
    given = image_properties(environment, scratch)
    return given.get("log.dirs", given.get("log.dir", KAFKAS_OWN)).split(",")


def test_kafkas_log_lies_in_its_volume(tmp_path: Path) -> None:
    environment = COMPOSE["services"]["kafka"]["environment"]
    for folder in kafka_folders(environment, tmp_path):
        assert is_in_a_volume("kafka", folder), f"{folder} is lost with the container"


def test_without_the_setting_kafkas_log_would_lie_outside(tmp_path: Path) -> None:
    environment = COMPOSE["services"]["kafka"]["environment"]
    bare = {name: value for name, value in environment.items() if name != "KAFKA_LOG_DIRS"}
    assert kafka_folders(bare, tmp_path) == [KAFKAS_OWN]


def test_postgres_data_lies_in_its_volume() -> None:
    """From 18 on the image's PGDATA has the version in it, below the volume it declares."""
    service = COMPOSE["services"]["postgres"]
    major = int(service["image"].rpartition(":")[2].split(".")[0])
    own = f"/var/lib/postgresql/{major}/docker" if major >= 18 else "/var/lib/postgresql/data"
    assert is_in_a_volume("postgres", service["environment"].get("PGDATA", own))


def test_objects_lie_in_their_volume() -> None:
    (folder,) = [word.removeprefix("-dir=") for word in COMPOSE["services"]["objects"]["command"] if "-dir=" in word]
    assert is_in_a_volume("objects", folder)


@pytest.mark.parametrize(
    ("service", "variable", "own"),
    [
        ("clickhouse", "CLICKHOUSE_PATH", "/var/lib/clickhouse"),  # <path> of the server's config.xml
        ("search", "MEILI_DB_PATH", "/meili_data/data.ms"),  # ./data.ms, in the image's work folder
    ],
)
def test_a_store_keeps_its_data_in_its_volume(service: str, variable: str, own: str) -> None:
    assert is_in_a_volume(service, COMPOSE["services"][service]["environment"].get(variable, own))


def test_every_declared_volume_is_used() -> None:
    used = {re.split(":", volume)[0] for one in COMPOSE["services"].values() for volume in one.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used
