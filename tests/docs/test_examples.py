"""The documentation's examples work: signed as we verify, verified as we sign, bodies as we send them."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from jsonschema import Draft202012Validator

from api.openapi.webhook_messages import make_event_types
from core.domain.webhooks.signatures import headers, new_secret, public_key_of
from core.services.upload_signatures import KEY, ORG, SIGNATURE, TIME, sign
from schemas import codec, events
from schemas.common import ObjectRef
from schemas.options.project import ProjectOptions
from schemas.topics import BY_NAME
from schemas.webhooks import MESSAGE_TYPES, TYPES, encode_message
from streams.deliver.backoff import TRIES_AFTER_S
from tests.docs.pages import blocks, text_of

ORG_ID, PROJECT_ID = uuid.uuid4(), uuid.uuid4()


def run(page: str, number: int = 0) -> dict[str, Any]:
    """The names that a Python block of a page defines."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(blocks(text_of(page), "python")[number], page, "exec"), names)
    return names


def test_the_producers_example_is_short() -> None:
    (example,) = blocks(text_of("docs/producers.md"), "python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 40


def test_the_signature_of_the_producers_example_verifies() -> None:
    body = json.dumps(
        {"org_id": str(ORG_ID), "project_id": str(PROJECT_ID), "object_key": f"{ORG_ID}/a.mp4", "title": "t"}
    ).encode()
    made = run("docs/producers.md")["signed"](body, key_id="pk_1", secret="hush", org_id=str(ORG_ID))
    envelope, event = codec.decode(BY_NAME["uploads.v1"], made, body)
    assert isinstance(event, events.UploadReceived)
    assert envelope.type == "clipstream.UploadReceived"
    expected = sign(made, body, secret=b"hush", key_id="pk_1", org_id=ORG_ID)
    assert {name: made[name] for name in (KEY, ORG, TIME, SIGNATURE)} == expected


def test_every_header_is_in_the_table() -> None:
    made = run("docs/producers.md")["signed"](b"{}", key_id="k", secret="s", org_id=str(ORG_ID))
    listed = set(re.findall(r"^\| `([\w-]+)` \|", text_of("docs/producers.md"), re.MULTILINE))
    assert set(made) - listed == set()


def test_every_option_is_in_the_table_with_its_default() -> None:
    text = text_of("docs/producers.md")
    for field in msgspec.structs.fields(ProjectOptions):
        if field.default is msgspec.NODEFAULT:  # a list, empty by default
            default = "none"
        elif isinstance(field.default, msgspec.Struct):
            default = msgspec.json.encode(field.default).decode()
        else:
            default = {True: "true", False: "false", None: "none", (): "none"}.get(field.default, str(field.default))
            if isinstance(field.default, msgspec.Struct):
                default = msgspec.json.encode(field.default).decode()
        assert re.search(rf"^\| `{field.name}` \| `?{re.escape(default)}`? \|", text, re.MULTILINE), field.name


def test_the_consumers_example_accepts_our_messages() -> None:
    secret, body = new_secret(), b'{"type": "project.completed"}'
    now_s = int(dt.datetime.now(dt.UTC).timestamp())
    read = run("docs/webhooks.md")["read"]
    good = headers([secret], message_id="msg_1", timestamp_s=now_s, body=body)
    assert read(secret, body, good) == {"type": "project.completed"}
    with pytest.raises(Exception, match="signature"):
        read(secret, body + b" ", good)


def test_the_example_of_a_public_key_accepts_our_messages() -> None:
    secret, body = new_secret("ed25519"), b'{"type": "project.completed"}'
    check = run("docs/webhooks.md", 1)["check"]
    good = headers([new_secret(), secret], message_id="msg_1", timestamp_s=1_800_000_000, body=body)
    public_key = public_key_of(secret)
    check(public_key, body, good)
    with pytest.raises(InvalidSignature):
        check(public_key, body + b" ", good)
    with pytest.raises(InvalidSignature):
        check(public_key_of(new_secret("ed25519")), body, good)


def test_the_page_has_every_type_of_the_catalogue() -> None:
    text = text_of("docs/webhooks.md")
    table = text[text.index("### Kinds of message") :].partition("####")[0]
    assert {*re.findall(r"`([a-z]+\.[a-z_]+)`", table)} == set(MESSAGE_TYPES)
    schemas = {one["type"]: Draft202012Validator(one["schema"]) for one in make_event_types()}
    examples = [json.loads(block) for block in blocks(text, "json")]
    for body in examples:
        assert list(schemas[body["type"]].iter_errors(body)) == [], body["type"]
    headings = {name for line in re.findall(r"^#### (.*)$", text, re.MULTILINE) for name in re.split(", | and ", line)}
    assert headings == set(MESSAGE_TYPES)


def sent() -> list[events.ProjectCompleted | events.ProjectFailed | events.ExportCompleted]:
    owner: dict[str, Any] = {"org_id": ORG_ID, "project_id": PROJECT_ID}
    file = ObjectRef(key="k", sha256="0" * 64, size=1)
    clip: dict[str, Any] = {"clip_id": uuid.uuid4(), "export_id": uuid.uuid4(), "ordinal": 0, "aspect": "9:16"}
    return [
        events.ProjectCompleted(**owner, version=3, clip_count=1),
        events.ProjectFailed(**owner, version=3, reason="media.corrupt", detail="d"),
        events.ExportCompleted(**owner, **clip, video=file, duration_ms=1, integrated_lufs=-14.0),
    ]


@pytest.mark.parametrize("event", sent(), ids=lambda event: TYPES[type(event)])
def test_the_example_bodies_have_the_fields_we_send(event: Any) -> None:
    examples = {body["type"]: body for body in map(json.loads, blocks(text_of("docs/webhooks.md"), "json"))}
    kind = TYPES[type(event)]
    real = json.loads(encode_message(event, event_id=uuid.uuid4(), at=dt.datetime.now(dt.UTC), labels={}))
    example = examples[kind]
    assert set(example) == set(real)
    assert set(example["data"]) == set(real["data"])


def test_the_pauses_between_tries_are_those_of_the_code() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    (line,) = re.findall(r"^(?:\d+ (?:s|min|h),? ?)+$", text_of("docs/webhooks.md"), re.MULTILINE)
    assert tuple(int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", line)) == TRIES_AFTER_S


def test_the_search_example_has_the_fields_of_the_answer() -> None:
    from api.search.models import ChapterHit, ClipHit, EntityHit, SearchResult, SegmentHit  # noqa: PLC0415 - the API is loaded for this test alone

    (example,) = map(json.loads, blocks(text_of("docs/search.md"), "json"))
    assert set(example) == set(SearchResult.__struct_fields__)
    kinds = {"segments": SegmentHit, "clips": ClipHit, "chapters": ChapterHit, "entities": EntityHit}
    for kind, hit in kinds.items():
        assert set(example[kind][0]) == set(hit.__struct_fields__)
