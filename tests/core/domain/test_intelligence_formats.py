"""Intelligence as Markdown, CSV, JSON-LD and GraphML: complete, well formed, and safe with any spoken text."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree as ET

import msgspec
import pytest

from core.domain.clock_format import format_clock
from core.domain.intelligence_formats import COLUMNS, graphml, json_ld, markdown, table
from schemas.documents.intelligence import (
    Chapter,
    Engine,
    Entity,
    Intelligence,
    Mood,
    Point,
    Quote,
    Relation,
    RelationKind,
    Topic,
)

GRAPH = "{http://graphml.graphdrawing.org/xmlns}"
EVIL = '=1+1 # <script>alert("x")</script> | ](http://evil) & \x00 ]]>'


def document(text: str = "It was said.") -> Intelligence:
    quote = Quote(text=text, start_ms=61_000, end_ms=63_500, speaker="Ann")
    point = Point(quote=quote, weight=0.5)
    return Intelligence(
        engine=Engine(name="local", version="study-1", model="minilm"), language="en", duration_ms=90_000,
        summary=[point], chapters=[Chapter(title=text, start_ms=0, end_ms=90_000, quote=quote, phrases=[text])],
        topics=[Topic(name=text, weight=1.0, mentions=[quote])], key_points=[point], quotes=[point],
        questions=[point], sentiment=[Mood(start_ms=0, end_ms=90_000, value=-0.25, quote=quote)],
        entities=[
            Entity(kind="person", name=text, mentions=[quote]),
            Entity(kind="place", name="Oslo", mentions=[quote]),
        ],
        relations=[Relation(kind="located_in", subject=text, object="Oslo", quote=quote)],
        notes=["a note"], project_title=text,
    )  # fmt: skip


@pytest.mark.parametrize(("ms", "text"), [(0, "0:00"), (61_000, "1:01"), (3_661_000, "1:01:01")])
def test_times_are_written_as_a_clock(ms: int, text: str) -> None:
    assert format_clock(ms) == text


def test_the_report_has_every_part_with_its_time() -> None:
    text = markdown(document())
    for heading in ("Summary", "Chapters", "Key points", "Quotes", "Questions", "Topics", "Names and amounts",
                    "Relations", "Sentiment along time"):  # fmt: skip
        assert f"## {heading}\n" in text
    assert "“It was said.” (1:01, Ann)" in text
    assert "Note: a note." in text


def test_spoken_markup_is_escaped_in_the_report() -> None:
    lines = markdown(document("one\n\n# Heading\n" + EVIL)).splitlines()
    assert not any(line.startswith("# Heading") for line in lines)
    assert not any("<script>" in line for line in lines)
    assert not any("](http" in line.replace("\\](", "") for line in lines)


def test_the_table_has_one_row_a_quote_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(table(document(EVIL)))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["kind"] for row in rows] == [
        "summary", "key_point", "quote", "question", "chapter", "topic", "person", "place", "relation:located_in",
        "sentiment",
    ]  # fmt: skip
    assert {row["quote"] for row in rows} == {f"'{EVIL}"}
    assert rows[0]["start_ms"] == "61000"
    assert rows[-1]["value"] == "-0.25", "a number stays a number"
    assert {row["doubtful"] for row in rows} == {""}


def test_the_table_marks_doubtful_quotes() -> None:
    whole = document()
    doubted = msgspec.structs.replace(whole.quotes[0].quote, doubtful=True)
    point = msgspec.structs.replace(whole.quotes[0], quote=doubted)
    rows = csv.DictReader(io.StringIO(table(msgspec.structs.replace(whole, quotes=[point]))))
    assert {row["kind"] for row in rows if row["doubtful"] == "doubtful"} == {"quote"}


def test_linked_data_is_a_video_with_clips_and_mentions() -> None:
    whole = json.loads(json_ld(document(), "urn:uuid:1"))
    assert (whole["@context"], whole["@type"], whole["@id"]) == ("https://schema.org", "VideoObject", "urn:uuid:1")
    assert {part["@type"] for part in whole["hasPart"]} == {"Clip", "Quotation"}
    assert [(one["@type"], one["name"]) for one in whole["mentions"]] == [("Person", "It was said."), ("Place", "Oslo")]


def related() -> Intelligence:
    quote = Quote(text="x", start_ms=61_000, end_ms=63_500)
    pairs: list[tuple[RelationKind, str]] = [
        ("holds_role", "chief engineer"),
        ("works_for", "Oslo Works"),
        ("said_with", "Bo"),
    ]
    return msgspec.structs.replace(
        document("Ann"),
        entities=[
            Entity(kind="person", name="Ann", mentions=[quote]),
            Entity(kind="organisation", name="Oslo Works", mentions=[quote]),
        ],
        relations=[
            msgspec.convert({"kind": k, "subject": "Ann", "object": o, "quote": quote}, Relation) for k, o in pairs
        ],
    )


def test_linked_data_describes_relations_of_names() -> None:
    ann, works = json.loads(json_ld(related(), "urn:uuid:1"))["mentions"]
    assert (ann["jobTitle"], ann["worksFor"]) == ("chief engineer", {"@id": works["@id"]})
    assert not {"jobTitle", "worksFor", "location"} & set(works)


def test_a_role_is_a_node_of_the_graph() -> None:
    graph = ET.fromstring(graphml(related())).find(f"{GRAPH}graph")
    assert graph is not None
    labels = {node.get("id"): {one.get("key"): one.text for one in node} for node in graph.findall(f"{GRAPH}node")}
    edges = [(labels[e.get("source")]["label"], labels[e.get("target")]["kind"]) for e in graph.findall(f"{GRAPH}edge")]
    assert edges == [("Ann", "role"), ("Ann", "organisation")], "what is not listed has no node"


@pytest.mark.parametrize("text", ["It was said.", EVIL])
def test_the_graph_is_well_formed_and_joins_related_names(text: str) -> None:
    graph = ET.fromstring(graphml(document(text))).find(f"{GRAPH}graph")
    assert graph is not None
    nodes = graph.findall(f"{GRAPH}node")
    (edge,) = graph.findall(f"{GRAPH}edge")
    assert (edge.get("source"), edge.get("target")) == (nodes[0].get("id"), nodes[1].get("id"))
    assert {one.get("key"): one.text for one in nodes[1]}["label"] == "Oslo"


def test_a_speaker_is_listed_by_the_known_name() -> None:
    made = msgspec.structs.replace(document(), speaker_names={"Ann": "Ann *Berg*"})
    assert "“It was said.” (1:01, Ann \\*Berg\\*)" in markdown(made)
    assert {row["speaker"] for row in csv.DictReader(io.StringIO(table(made)))} == {"Ann *Berg*"}
    (spoken,) = [part for part in json.loads(json_ld(made, "urn:x"))["hasPart"] if "creator" in part]
    assert spoken["creator"] == {"@type": "Person", "name": "Ann *Berg*"}
