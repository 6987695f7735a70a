"""The contract holds together: examples, generated files and the topics table agree."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec, events
from schemas.options.caption_template import CaptionTemplate
from schemas.tools.generate import asyncapi, json_schema, rendered
from schemas.topics import BY_NAME, TOPIC_OF, TOPICS, partition_for, route

HERE = Path(codec.__file__).parent
EXAMPLES = sorted((HERE / "examples").glob("*/*.json"))
PASSING = [path for path in EXAMPLES if path.name.endswith(".pass.json")]
FAILING = [path for path in EXAMPLES if path.name.endswith(".fail.json")]


def load(path: Path) -> tuple[dict[str, Any], bytes, dict[str, str]]:
    example = json.loads(path.read_text())
    return example, json.dumps(example["body"]).encode(), example["headers"]


@pytest.mark.parametrize("path", PASSING, ids=lambda path: path.stem)
def test_a_passing_example_decodes_and_comes_back_the_same(path: Path) -> None:
    example, body, headers = load(path)
    envelope, event = codec.decode(BY_NAME[path.parent.name], headers, body)
    assert json.loads(codec.encode(event)) == example["body"]
    assert codec.encode_headers(envelope) == {**headers, "ce_time": envelope.time.isoformat()}
    assert route(event)[0].name == path.parent.name
    jsonschema.validate(example["body"], json_schema(type(event)))


@pytest.mark.parametrize("path", FAILING, ids=lambda path: path.stem)
def test_a_failing_example_is_refused_with_a_reason(path: Path) -> None:
    _, body, headers = load(path)
    with pytest.raises(codec.DecodeError) as caught:
        codec.decode(BY_NAME[path.parent.name], headers, body)
    assert len(str(caught.value)) > 10


def test_every_event_has_an_example_of_each_kind() -> None:
    for topic in TOPICS:
        for event in topic.events:
            names = [path.name for path in EXAMPLES if path.parent.name == topic.name]
            assert f"{event.__name__}.pass.json" in names
            assert any(name.startswith(event.__name__) and name.endswith(".fail.json") for name in names)


def test_every_event_of_the_contract_lies_on_one_topic() -> None:
    declared = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and value.__module__.startswith(f"{events.__name__}.")
    }
    bases = {
        events.Event,
        events.Rendition,
        events.RenditionOrder,
        events.ExportOrder,
        events.PreviewOrder,
        events.AssetEvent,
        events.Labelled,
    }
    assert set(TOPIC_OF) == declared - bases


def test_generated_files_are_current() -> None:
    stale = [name for name, text in rendered().items() if (HERE / name).read_text() != text]
    assert not stale, "run `python -m schemas.tools.generate`"


@pytest.mark.parametrize("file", sorted((HERE / "data" / "templates").glob("*.json")), ids=lambda file: file.stem)
def test_a_template_fits_its_schema_and_has_the_name_of_its_file(file: Path) -> None:
    body = json.loads(file.read_text())
    jsonschema.validate(body, json_schema(CaptionTemplate))
    assert body["template_id"] == file.stem


def test_asyncapi_names_every_topic_and_resolves_every_reference() -> None:
    document = asyncapi()
    assert set(document["channels"]) == {topic.name for topic in TOPICS}
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]


@given(st.uuids(), st.integers(0, 500))
def test_neighbouring_ordinals_lie_on_different_partitions(project_id: UUID, ordinal: int) -> None:
    spans = BY_NAME["spans.v1"]
    first, second = partition_for(spans, project_id, ordinal), partition_for(spans, project_id, ordinal + 1)
    assert first != second
    assert 0 <= first < spans.partitions
    assert len({partition_for(spans, project_id, ordinal + at) for at in range(12)}) == spans.partitions


@pytest.mark.parametrize("workers", range(1, 13))
def test_neighbours_are_shared_by_the_workers(workers: int) -> None:
    """Round robin gives worker k of n the partitions k, k + n, …: a video's parts spread from any start."""
    renders = BY_NAME["renders.v1"]
    slack = 0 if renders.partitions % workers == 0 else 1
    for neighbours in range(1, renders.partitions + 1):
        for first in range(renders.partitions):
            owners = [partition_for(renders, UUID(int=first), at) % workers for at in range(neighbours)]
            most = max(owners.count(worker) for worker in range(workers))
            assert most <= math.ceil(neighbours / workers) + slack, (first, owners)


@given(st.binary(max_size=200))
def test_no_bytes_escape_as_another_error(body: bytes) -> None:
    _, _, headers = load(PASSING[0])
    for topic in TOPICS:
        with pytest.raises(codec.DecodeError, match=r"."):
            codec.decode(topic, {**headers, "ce_type": codec.type_name(topic.events[0])}, b"\x00" + body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_value_in_a_field_escapes_as_another_error(value: object) -> None:
    example, _, headers = load(HERE / "examples" / "uploads.v1" / "UploadReceived.pass.json")
    for name in ("title", "options", "source_url", "org_id"):
        body = json.dumps(example["body"] | {name: value}).encode()
        with suppress(codec.DecodeError):
            codec.decode(BY_NAME["uploads.v1"], headers, body)


def test_a_new_optional_field_does_not_break_an_old_reader() -> None:
    example, _, headers = load(HERE / "examples" / "spans.v1" / "SpanPlanned.pass.json")
    body = json.dumps({**example["body"], "new_in_v2": 1}).encode()
    _, event = codec.decode(BY_NAME["spans.v1"], headers, body)
    assert isinstance(event, events.SpanPlanned)


def test_bulk_is_refused_as_an_event() -> None:
    huge = events.UploadReceived(org_id=UUID(int=1), project_id=UUID(int=2), title="x" * codec.MAX_PAYLOAD_BYTES)
    with pytest.raises(ValueError, match="store the bulk"):
        codec.encode(huge)
    assert msgspec.json.encode(huge)
