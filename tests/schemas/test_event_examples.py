"""Examples are written for events without any; every example decodes, and existing ones stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas import codec
from schemas.tools.event_examples import missing_examples
from schemas.tools.generate import HERE
from schemas.topics import BY_NAME, TOPICS


def test_every_event_gets_an_example_that_passes_and_one_that_fails(tmp_path: Path) -> None:
    texts = missing_examples(tmp_path)
    assert len(texts) == sum(2 * len(topic.events) + 1 for topic in TOPICS)
    for path, text in texts.items():
        example = json.loads(text)
        topic, body = BY_NAME[path.parent.name], json.dumps(example["body"]).encode()
        if path.name.endswith(".pass.json"):
            _, event = codec.decode(topic, example["headers"], body)
            assert type(event).__name__ == path.name.partition(".")[0]
        else:
            with pytest.raises(codec.DecodeError):
                codec.decode(topic, example["headers"], body)


def test_existing_examples_stay() -> None:
    assert missing_examples(HERE / "examples") == {}
