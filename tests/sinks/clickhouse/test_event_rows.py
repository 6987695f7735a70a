"""Every example event becomes a row, and no customer's word is in it."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from schemas import events
from streams.sinks.batch_consumer import Arrived
from streams.sinks.clickhouse.event_rows import COLUMNS, NOBODY, body_of, erased_of, row_of
from tests.support import event_factory as made


@pytest.mark.parametrize("one", made.passing_examples(), ids=lambda one: type(one.event).__name__)
def test_every_example_is_a_row(one: Arrived) -> None:
    row = dict(zip(COLUMNS, row_of(one.envelope, one.event, topic="t", partition=1, offset=2), strict=True))
    assert row["event_id"] == one.envelope.id
    assert row["type"] == type(one.event).__name__
    assert isinstance(row["org_id"], UUID)
    assert isinstance(row["project_id"], UUID)
    assert all(isinstance(row[name], str) for name in ("stage", "state", "reason", "body"))
    assert isinstance(row["version"], int)
    assert json.loads(row["body"])


@pytest.mark.parametrize("one", made.passing_examples(), ids=lambda one: type(one.event).__name__)
def test_the_same_event_makes_the_same_row(one: Arrived) -> None:
    first, second = (row_of(one.envelope, one.event, topic="t", partition=1, offset=2) for _ in range(2))
    assert first == second


def test_customers_words_stay_out() -> None:
    canary = "Zanzibar"
    upload = events.UploadReceived(
        org_id=made.ORG, project_id=made.PROJECT, title=canary, source_url=f"https://{canary}", object_key=f"o/{canary}"
    )
    letter = events.DeadLetter(
        dead_id=UUID(int=5), topic="uploads.v1", partition=0, offset=0, stage="ingest", reason="r", detail=canary,
        headers={"x": canary}, payload_base64=canary,
    )  # fmt: skip
    failed = events.ExportFailed(
        org_id=made.ORG, project_id=made.PROJECT, clip_id=made.CLIP, export_id=made.CLIP, ordinal=0, reason="r",
        detail=canary,
    )  # fmt: skip
    for event in (upload, letter, failed):
        one = made.arrived(event)
        assert canary not in str(row_of(one.envelope, event, topic="t", partition=0, offset=0))
    assert json.loads(body_of(upload))["options"]["aspect"] == "9:16"


def test_a_letter_without_an_owner_has_the_nil_owner() -> None:
    letter = events.DeadLetter(
        dead_id=UUID(int=5), topic="t", partition=0, offset=0, stage="look", reason="bug", detail="", headers={},
        payload_base64="",
    )  # fmt: skip
    row = dict(
        zip(COLUMNS, row_of(made.arrived(letter).envelope, letter, topic="t", partition=0, offset=0), strict=True)
    )
    assert (row["org_id"], row["project_id"], row["stage"], row["reason"]) == (NOBODY, NOBODY, "look", "bug")


def test_erased_projects_are_named_with_their_org() -> None:
    assert erased_of([made.failed(), made.erased()]) == {(made.ORG, made.PROJECT)}
