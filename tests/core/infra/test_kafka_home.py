"""Consumers of Kafka are made in core/infra/kafka alone; the stages read by Faust."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
HOME = "core/infra/kafka/"


def test_consumers_have_one_home() -> None:
    files = [path for folder in ("core", "streams", "api") for path in sorted((ROOT / folder).rglob("*.py"))]
    makers = [
        path.relative_to(ROOT).as_posix() for path in files if re.search(r"\bAIOKafkaConsumer\(", path.read_text())
    ]
    assert makers == [f"{HOME}group_consumer.py", f"{HOME}topic_reader.py"]
