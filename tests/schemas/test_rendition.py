"""Events that carry a rendition are read and written in the flat form of the version before, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas import codec, events
from schemas.events.rendition import FIELD, FLAT_FIELDS
from schemas.tools.generate import json_schema
from schemas.topics import BY_NAME, TOPICS

HERE = Path(codec.__file__).parent
ORDERS = [(topic.name, event) for topic in TOPICS for event in topic.events if issubclass(event, events.RenditionOrder)]
each_order = pytest.mark.parametrize(("topic", "event"), ORDERS, ids=[event.__name__ for _, event in ORDERS])


def example(topic: str, event: type) -> tuple[dict[str, str], dict[str, Any]]:
    found = json.loads((HERE / "examples" / topic / f"{event.__name__}.pass.json").read_text())
    return found["headers"], found["body"]


def decoded(topic: str, headers: dict[str, str], body: dict[str, Any]) -> events.RenditionOrder:
    _, event = codec.decode(BY_NAME[topic], headers, json.dumps(body).encode())
    assert isinstance(event, events.RenditionOrder)
    return event


@each_order
def test_both_forms_are_the_same_event(topic: str, event: type) -> None:
    headers, body = example(topic, event)
    flat = {name: value for name, value in body.items() if name != FIELD}
    nested = {name: value for name, value in body.items() if name not in FLAT_FIELDS}
    assert decoded(topic, headers, flat) == decoded(topic, headers, nested) == decoded(topic, headers, body)
    for one in (flat, nested, body):
        jsonschema.validate(one, json_schema(event))


@each_order
def test_the_flat_fields_repeat_the_rendition(topic: str, event: type) -> None:
    headers, body = example(topic, event)
    written = json.loads(codec.encode(decoded(topic, headers, body)))
    assert {name: written[name] for name in FLAT_FIELDS} == {name: written[FIELD][name] for name in FLAT_FIELDS}


@each_order
def test_an_event_with_neither_form_is_refused(topic: str, event: type) -> None:
    headers, body = example(topic, event)
    neither = {name: value for name, value in body.items() if name != FIELD and name not in FLAT_FIELDS}
    with pytest.raises(codec.DecodeError, match="/rendition"):
        decoded(topic, headers, neither)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(neither, json_schema(event))


@each_order
def test_the_rendition_counts_where_both_forms_exist(topic: str, event: type) -> None:
    headers, body = example(topic, event)
    body[FIELD]["aspect"], body["aspect"] = "16:9", "9:16"
    assert decoded(topic, headers, body).rendition.aspect == "16:9"


def test_an_old_event_has_the_defaults_of_its_time() -> None:
    topic, event = ORDERS[0]
    headers, body = example(topic, event)
    old = {name: value for name, value in body.items() if name not in {FIELD, *FLAT_FIELDS[3:]}}
    rendition = decoded(topic, headers, old).rendition
    assert (rendition.template_version, rendition.transcript_version) == (1, None)


def test_a_wrong_flat_field_is_named() -> None:
    topic, event = ORDERS[0]
    headers, body = example(topic, event)
    wrong = {name: value for name, value in body.items() if name != FIELD} | {"captions": "yes"}
    with pytest.raises(codec.DecodeError, match="/rendition/captions"):
        decoded(topic, headers, wrong)
