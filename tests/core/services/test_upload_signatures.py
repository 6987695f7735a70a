"""Upload messages of producers: source, prefix and time rules, and signatures. No socket is opened."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest

from core.errors import InputRejected
from core.infra.kafka.message import Message
from core.services.upload_signatures import KEY, ORG, SIGNATURE, TIME, Verifier, check_upload, sign, sign_as_relay
from schemas import codec, events
from schemas.options.project import ProjectOptions
from tests.support.keys import named_ring, ring_of

ORG_ID, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
RING = ring_of()


def upload(**given: object) -> events.UploadReceived:
    values = {"org_id": ORG_ID, "project_id": uuid.UUID(int=3), "source_url": "https://example.org/v.mp4"} | given
    return events.UploadReceived(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        upload(source_url=None),
        upload(object_key=f"{ORG_ID}/uploads/a/v.mp4"),
        upload(source_url=None, object_key=f"{OTHER}/uploads/a/v.mp4"),
        upload(source_url=None, object_key=f"{ORG_ID}/../{OTHER}/v.mp4"),
        upload(source_url=None, object_key=f"{ORG_ID}//v.mp4"),
        upload(source_url=None, object_key="/etc/passwd"),
        upload(title="x" * 501),
    ],
)
def test_a_source_that_is_not_the_senders_is_refused(bad: events.UploadReceived) -> None:
    with pytest.raises(InputRejected):
        check_upload(bad)


def test_one_source_under_its_own_prefix_is_fine() -> None:
    check_upload(upload())
    check_upload(upload(source_url=None, object_key=f"{ORG_ID}/uploads/a/v.mp4"))


def message(
    event: events.UploadReceived, *, key: bytes, time: dt.datetime | None = None
) -> tuple[Message, codec.Envelope]:
    envelope = codec.Envelope(
        id=uuid.uuid4(), source="/t", type=codec.type_name(type(event)), time=time or dt.datetime.now(dt.UTC)
    )
    body, headers = codec.encode(event), codec.encode_headers(envelope)
    headers |= sign(headers, body, secret=key, key_id="internal", org_id=event.org_id)
    made = Message(topic="uploads.v1", partition=0, offset=0, key="k", headers=headers, payload=body)
    return made, envelope


def verifier() -> Verifier:
    return Verifier(pool=None, ring=RING)


async def test_the_relays_own_signature_passes() -> None:
    event = upload()
    made, envelope = message(event, key=RING.derive("internal-producer"))
    await verifier().verify(made, envelope, event)
    assert made.headers[KEY] == "internal"


@pytest.mark.parametrize("header", [KEY, ORG, TIME, SIGNATURE])
async def test_a_missing_or_changed_header_is_refused(header: str) -> None:
    event = upload()
    made, envelope = message(event, key=RING.derive("internal-producer"))
    for value in ("", "internal" if header != KEY else "", "2020-01-01T00:00:00+00:00"):
        if value == made.headers[header]:
            continue
        broken = Message(
            **{**{f: getattr(made, f) for f in made.__struct_fields__}, "headers": made.headers | {header: value}}
        )
        if header == KEY and value:
            continue  # an unknown key asks the database, see the contract suite
        with pytest.raises(InputRejected):
            await verifier().verify(broken, envelope, event)


async def test_a_changed_body_is_refused() -> None:
    event = upload()
    made, envelope = message(event, key=RING.derive("internal-producer"))
    other = upload(title="changed")
    changed = msgspec.structs.replace(made, payload=codec.encode(other))
    with pytest.raises(InputRejected, match="bad_signature"):
        await verifier().verify(changed, envelope, other)


async def test_our_own_message_passes_after_any_wait() -> None:
    """The relay's own messages may be old, because they waited in the outbox; an outsider's may not."""
    event = upload()
    for time in (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)):
        made, envelope = message(event, key=RING.derive("internal-producer"), time=time)
        await verifier().verify(made, envelope, event)


async def test_the_relay_names_the_secret_that_signed() -> None:
    """What an older secret signed passes as long as it is in the ring; a name that is not in it is refused."""
    old, both = named_ring(k1=b"1" * 32), named_ring(k2=b"2" * 32, k1=b"1" * 32)
    event = upload()
    made, envelope = message(event, key=b"")
    headers = made.headers | sign_as_relay(made.headers, made.payload, ring=old, org_id=event.org_id)
    assert headers[KEY] == "internal/k1"
    signed = msgspec.structs.replace(made, headers=headers)
    await Verifier(pool=None, ring=both).verify(signed, envelope, event)
    with pytest.raises(InputRejected, match=r"unknown_key.*'k1' is not in it"):
        await Verifier(pool=None, ring=named_ring(k2=b"2" * 32)).verify(signed, envelope, event)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "a\0b"}, "upload.text"),
        ({"source_url": "https://a.org/\0"}, "upload.text"),
        ({"source_url": None, "object_key": f"{ORG_ID}/{'a' * 1024}"}, "upload.size"),
        ({"options": ProjectOptions(language="en\n")}, "upload.options"),
        ({"options": ProjectOptions(script="a\0b")}, "upload.text"),
        ({"options": ProjectOptions(topics=["a\0b"])}, "upload.text"),
        ({"metadata": {"a\0": 1}}, "upload.text"),
        ({"metadata": {"a": "x" * 16_384}}, "upload.metadata"),
        ({"metadata": {"a": {"": 1}}}, "`metadata/a/` must be called by"),
    ],
)
def test_an_unstorable_upload_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InputRejected, match=reason):
        check_upload(msgspec.structs.replace(upload(), **changes))
