"""Refused Kafka messages on a real Postgres: listed once, on the topic and in the API."""

from __future__ import annotations

import asyncio
import inspect
import re
import uuid

import pytest

from core.infra.postgres.connection import create_pool, org_transaction
from core.services import upload_signatures
from core.settings import Settings
from schemas import events
from streams.background.sweeper import delete_old
from streams.runtime import refused_uploads
from tests.contract.rigs.refusal_rig import (
    WORDS,
    Fault,
    Rig,
    foreign_org,
    foreign_prefix,
    half_a_pair,
    make_rig,
    no_id,
    no_json,
    no_source,
    nul,
    old,
    options,
    several,
    several_types,
    too_long,
    unknown_option,
    unsigned,
    wrong_secret,
)

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
SIGNED: list[tuple[Fault, str, str]] = [
    (options, "upload.options", "max_clips"),
    (unknown_option, "undecodable", WORDS),
    (foreign_prefix, "upload.prefix", "must lie under"),
    (no_source, "upload.source", "exactly one"),
    (too_long, "upload.size", "at most 500"),
    (nul, "upload.text", "NUL"),
    (no_json, "undecodable", "line 1, column 1"),
    (half_a_pair, "undecodable", "half of a surrogate pair"),
    (half_a_pair, "undecodable", "It stands in `/title`."),
    (several, "upload.options", "`options/max_clips` must be from 1 to 50; `options/skip/0/end_ms` must be later"),
    (several, "upload.options", "`title` must have at most 500 characters, not 501"),
    (several_types, "undecodable", "`/options/max_clip`: There is no field `max_clip`: did you mean `max_clips`?"),
    (several_types, "undecodable", "`/options/captions`: It must be true or false, not `yes`."),
    (foreign_org, "producer.wrong_org", "another organisation"),
    (old, "producer.bad_time", "seven days"),
]
UNSIGNED: list[tuple[Fault, str]] = [
    (no_id, "undecodable"),
    (unsigned, "producer.unsigned"),
    (wrong_secret, "producer.bad_signature"),
]


@pytest.mark.parametrize(("fault", "reason", "exact"), SIGNED, ids=[fault.__name__ for fault, *_ in SIGNED])
async def test_a_producer_gets_the_reason_and_alone_the_exact_error(
    rig: Rig, fault: Fault, reason: str, exact: str
) -> None:
    sent = rig.sent()
    fault(sent)
    message = await rig.take(sent)
    (event,) = await rig.published_refusals()
    assert event == events.UploadRefused(
        refusal_id=event.refusal_id, partition=message.partition, offset=message.offset, reason=reason,
        detail=refused_uploads.SENTENCES[reason], key_id=sent.key_id, signed=True, message_key=sent.project_id,
        event_id=sent.event_id, unlisted=0,
    )  # fmt: skip
    (item,) = await rig.listed()
    assert exact in item["detail"]
    assert item["detail"].startswith(event.detail)
    assert (item["reason"], item["signed"], item["project_id"]) == (reason, True, str(sent.project_id))
    assert (item["partition"], item["offset"]) == (message.partition, message.offset)
    assert (item["refusal_id"], item["event_id"]) == (str(event.refusal_id), str(sent.event_id))
    assert await rig.listed(rig.world.bob) == []
    answer = await rig.world.ann.client.get(f"/v1/projects/{sent.project_id}")
    assert answer.status_code == 404


@pytest.mark.parametrize(("fault", "reason"), UNSIGNED, ids=[fault.__name__ for fault, _ in UNSIGNED])
async def test_an_unsigned_refusal_repeats_no_word_of_its_message(rig: Rig, fault: Fault, reason: str) -> None:
    sent = rig.sent()
    fault(sent)
    await rig.take(sent)
    (event,), (item,) = await rig.published_refusals(), await rig.listed()
    assert (event.reason, event.signed, event.key_id) == (reason, False, sent.key_id)
    assert (item["detail"], item["signed"]) == (refused_uploads.SENTENCES[reason], False)
    assert WORDS not in str(item)


async def test_an_unknown_sender_leaves_only_the_event(rig: Rig) -> None:
    sent = rig.sent()
    sent.key_id, sent.key = f"pk_{WORDS}", WORDS
    sent.headers["ce_id"] = str(uuid.uuid4())
    await rig.take(sent)
    (event,) = await rig.published_refusals()
    assert (event.reason, event.key_id, event.message_key) == ("producer.unknown_key", None, None)
    assert await rig.listed() == await rig.listed(rig.world.bob) == []


async def test_a_revoked_key_names_its_owner_and_proves_nothing(rig: Rig) -> None:
    sent = rig.sent()
    await rig.owner.execute("update producer_keys set revoked_at = now() where key_id = $1", sent.key_id)
    await rig.take(sent)
    (item,) = await rig.listed()
    assert (item["reason"], item["signed"], item["key_id"]) == ("producer.unknown_key", False, sent.key_id)


async def test_a_redelivered_message_is_reported_once(rig: Rig) -> None:
    sent = rig.sent()
    options(sent)
    message = await rig.take(sent)
    for _ in range(2):
        assert await rig.consumption.handle(message) == "dead"
    assert len(await rig.published_refusals()) == len(await rig.listed()) == 1
    await rig.take(sent)
    assert len(await rig.published_refusals()) == len(await rig.listed()) == 2, (
        "the same bytes at another place are another message"
    )


async def test_a_flood_makes_few_rows_and_hides_no_other_refusal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_uploads, "MAX_LISTED_PER_MINUTE", 3)
    stranger = rig.sent()
    unsigned(stranger)
    flood = [await rig.take(stranger) for _ in range(10)]
    for message in flood:
        assert await rig.consumption.handle(message) == "dead"
    own = rig.sent()
    options(own)
    await rig.take(own)
    items = await rig.listed()
    assert [item["signed"] for item in items] == [True, False, False, False]
    assert [item["unlisted"] for item in items] == [0, 7, 0, 0], "each counts once, however often it came"
    assert len(await rig.published_refusals()) == 4
    await rig.owner.execute("update upload_refusals set created_at = created_at - interval '2 minutes'")
    await rig.take(stranger)
    assert [event.unlisted for event in await rig.published_refusals()] == [0, 0, 0, 0, 7], (
        "the next one says how many there were"
    )


async def test_parallel_workers_keep_to_the_bound(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_uploads, "MAX_LISTED_PER_MINUTE", 3)
    sent = rig.sent()
    options(sent)
    messages = [sent.message(rig.partition, next(rig.places)) for _ in range(12)]
    await asyncio.gather(*(rig.consumption.handle(message) for message in messages))
    items = await rig.listed()
    assert (len(items), sum(item["unlisted"] for item in items)) == (3, 9)


async def test_refusals_are_paged_newest_first_and_expire(rig: Rig, postgres: Settings) -> None:
    sent = rig.sent()
    options(sent)
    offsets = [(await rig.take(sent)).offset for _ in range(5)]
    seen, cursor = list[int](), None
    while True:
        page = (
            await rig.world.ann.client.get(
                "/v1/uploads/refused", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        seen += [item["offset"] for item in page["items"]]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    assert seen == offsets[::-1]
    async with org_transaction(rig.world.worker, rig.world.ann.org_id) as connection:
        await connection.execute(
            "update upload_refusals set created_at = now() - interval '8 days' where \"offset\" <> $1", offsets[-1]
        )
    relay = await create_pool(postgres.postgres_relay, size=1)
    await delete_old(relay)
    await relay.close()
    assert [item["offset"] for item in await rig.listed()] == offsets[-1:]


async def test_a_bug_in_reporting_still_leaves_the_letter(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> bool:
        raise KeyError("a bug")

    monkeypatch.setattr(refused_uploads, "record", broken)
    sent = rig.sent()
    options(sent)
    message = await rig.take(sent)
    rows = await rig.owner.fetch(
        'select reason from dead_letters where partition = $1 and "offset" = $2', message.partition, message.offset
    )
    assert [row["reason"] for row in rows] == ["upload.options"]


async def test_no_organisation_reads_or_writes_anothers(rig: Rig) -> None:
    sent = rig.sent(rig.world.bob)
    options(sent)
    await rig.take(sent)
    nobodys = rig.sent()
    nobodys.key_id = "pk_0000000000000000"
    await rig.take(nobodys)
    async with org_transaction(rig.world.api, rig.world.ann.org_id) as rows:
        assert await rows.fetch("select * from upload_refusals where partition = $1", rig.partition) == []
    async with org_transaction(rig.world.worker, rig.world.ann.org_id) as rows:
        seen = await rows.fetch("select org_id from upload_refusals where partition = $1", rig.partition)
        assert [row["org_id"] for row in seen] == [None]
        changed = await rows.execute("update upload_refusals set detail = '' where partition = $1", rig.partition)
        assert changed == "UPDATE 1", "the one of nobody"


def test_every_reason_of_a_refusal_has_a_sentence() -> None:
    raised = set(re.findall(r'(?:Rejected\(|yield )"([a-z_.]+)"', inspect.getsource(upload_signatures)))
    assert len(raised) > 8
    assert raised | {"undecodable", "bug"} == set(refused_uploads.SENTENCES)
    assert all(sentence.endswith(".") for sentence in refused_uploads.SENTENCES.values())
