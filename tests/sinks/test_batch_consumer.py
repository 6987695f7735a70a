"""The consumer loop with invalid messages. tests/contract runs the loop on a real Kafka."""

from __future__ import annotations

import base64

from core.infra.kafka.message import Message
from schemas import codec
from schemas.access.kafka_acls import sink_group
from schemas.topics import BY_NAME
from streams.sinks.batch_consumer import Refused, dead_letter, decode_all
from tests.support import event_factory as made


def test_messages_are_sorted_into_events_and_others() -> None:
    good = made.arrived(made.failed()).message
    bad = Message(topic="projects.v1", partition=2, offset=7, key="", headers=good.headers, payload=b"{}")
    arrived, refused = decode_all([good, bad])
    assert [one.event for one in arrived] == [made.failed()]
    assert [(one.message.offset, one.reason) for one in refused] == [(7, "undecodable")]


def test_a_dead_letter_holds_the_bytes_and_is_the_same_again() -> None:
    message = Message(topic="projects.v1", partition=2, offset=7, key="", headers={"a": "b"}, payload=b"\xff\x00")
    first, second = (dead_letter(Refused(message=message, reason="undecodable", detail="d" * 9999), "x") for _ in "12")
    assert first == second
    assert base64.b64decode(first.payload_base64) == b"\xff\x00"
    assert (first.topic, first.partition, first.offset, first.stage) == ("projects.v1", 2, 7, "x")
    assert len(first.detail) == 2000
    assert dead_letter(Refused(message=message, reason="r", detail=""), "y").dead_id != first.dead_id
    envelope = codec.Envelope(id=first.dead_id, source="/s", type="clipstream.DeadLetter", time=made.NOW)
    assert codec.decode(BY_NAME["dead.v1"], codec.encode_headers(envelope), codec.encode(first))[1] == first


def test_each_sink_has_its_group() -> None:
    assert sink_group("clickhouse") == "clipstream.sink.clickhouse"
