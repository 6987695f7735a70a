"""Transcripts, moments and costs become rows: one each, repeatable, and without customers' words."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
import pytest

from schemas.common import ObjectRef, Segment, Word
from schemas.documents.quality import Figure
from schemas.documents.transcript import Transcript
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import body_of
from tests.support import event_factory as made

UNHEARD = Figure(name="lufs", value=None, unit="LUFS", limit=0.5, side="within", verdict="not_measured", around=-14)
REF = ObjectRef(key="k", sha256="0" * 64, size=1)
CANARY = "Zanzibar"


def word(text: str, probability: float, *, filler: bool = False) -> Word:
    return Word(text=text, start_ms=0, end_ms=1, probability=probability, filler=filler)


def spoken() -> Transcript:
    segments = [
        Segment(
            start_ms=0, end_ms=900, text=f"{CANARY} um", first_word=0, end_word=2, speaker="S1", trust="doubtful",
            doubts=["unsure"], language="de",
        ),
        Segment(start_ms=1000, end_ms=1900, text=CANARY, first_word=2, end_word=2, speaker=CANARY),
    ]  # fmt: skip
    words = [word(CANARY, 0.5), word("um", 1.0, filler=True)]
    return msgspec.structs.replace(made.transcript(), segments=segments, words=words)


def dicts(rows: fact_rows.Rows, table: fact_rows.Table) -> list[dict[str, Any]]:
    return [dict(zip(fact_rows.COLUMNS[table], row, strict=True)) for row in rows[table]]


def test_a_segment_row_has_its_numbers() -> None:
    event = made.transcript_completed(REF, version=3)
    one = made.arrived(event)
    first, second = dicts(fact_rows.segment_rows(one.envelope, event, spoken()), "segments")
    assert (first["version"], first["ordinal"], first["start_ms"], first["end_ms"]) == (3, 0, 0, 900)
    assert (first["language"], first["speaker"], first["trust"], first["doubts"]) == (
        "de",
        "S1",
        "doubtful",
        ["unsure"],
    )
    assert (first["words"], first["fillers"], first["probability"]) == (2, 1, 0.75)
    assert (second["language"], second["speaker"], second["trust"], second["words"]) == ("en", "", "", 0)
    assert second["probability"] is None
    assert CANARY not in str((first, second))


def test_each_check_of_an_export_is_a_row_and_no_part_of_the_event() -> None:
    event = made.export_completed(made.JITTER, UNHEARD)
    one = made.arrived(event)
    jitter, unheard = dicts(fact_rows.check_rows(one.envelope, event), "certificate_checks")
    assert (jitter["name"], jitter["value"], jitter["bound"], jitter["outcome"]) == ("jitter", 2.5, 1.5, "warn")
    assert (jitter["verdict"], jitter["aspect"], jitter["export_id"]) == ("warn", "9:16", event.export_id)
    assert jitter["tries"] == 1
    assert (unheard["value"], unheard["outcome"], unheard["around"]) == (None, "not_measured", -14)
    assert "px a picture" not in body_of(event)


def test_a_moment_has_a_row_and_one_for_each_sub_score() -> None:
    event = made.moments_detected(REF)
    one = made.arrived(event)
    rows = fact_rows.moment_rows(one.envelope, event, made.moments(CANARY))
    chosen, other = dicts(rows, "moments")
    assert (chosen["moment_id"], chosen["selected"], chosen["rank"], chosen["score"]) == (made.CLIP, True, 1, 70.5)
    assert (other["moment_id"], other["selected"], other["rank"]) == (UUID(int=9), False, None)
    hook, _ = dicts(rows, "sub_scores")
    assert (hook["name"], hook["value"], hook["raw"], hook["weight"], hook["confidence"]) == (
        "hook",
        0.8,
        0.4,
        2.0,
        0.9,
    )
    assert (hook["evidence"], hook["strongest"], hook["strongest_share"]) == (3, "opening", 0.75)
    assert CANARY not in str(rows)


def test_requested_clip_is_one_more_candidate() -> None:
    event = made.clip_measured(REF)
    one = made.arrived(event)
    rows = fact_rows.own_clip_rows(one.envelope, event, made.clip_facts())
    (row,) = dicts(rows, "moments")
    assert (row["moment_id"], row["start_ms"], row["end_ms"]) == (made.OWN_CLIP, 1000, 9000)
    assert (row["score"], row["selected"], row["rank"]) == (61.5, True, None)
    assert [one["name"] for one in dicts(rows, "sub_scores")] == ["hook"]
    assert "own words" not in str(rows)
    assert fact_rows.own_clip_rows(one.envelope, made.clip_measured(REF, None), made.clip_facts(None)) == {}


def test_a_try_has_a_row_for_each_request_and_each_kind_of_cost() -> None:
    event = made.cost_incurred()
    one = made.arrived(event)
    rows = fact_rows.cost_rows(one.envelope, event)
    first, second = dicts(rows, "inference_calls")
    assert first["time"] == one.envelope.time - dt.timedelta(milliseconds=1900)
    assert [call["ordinal"] for call in (first, second)] == [0, 1]
    assert (first["stage"], first["model"], first["requests"], first["compute_ms"]) == ("look", "faces", 1, 40)
    cpu, stored = dicts(rows, "cost_items")
    assert (cpu["kind"], cpu["amount"], cpu["money"], cpu["currency"]) == ("cpu_ms", 500, 0.25, "EUR")
    assert (stored["kind"], stored["amount"], stored["money"]) == ("stored_bytes", 1000, None)
    assert fact_rows.cost_rows(one.envelope, event) == rows


@pytest.mark.parametrize("table", fact_rows.TABLES)
def test_every_table_is_keyed_by_its_owner_first(table: fact_rows.Table) -> None:
    assert fact_rows.COLUMNS[table][:2] == ("org_id", "project_id")
