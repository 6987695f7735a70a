"""An intelligence document as Markdown, CSV, JSON-LD and GraphML. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

import msgspec

from core.domain.clock_format import format_clock
from schemas.documents.intelligence import Entity, Intelligence, Point, Quote

Format = Literal["json", "markdown", "csv", "jsonld", "graphml"]
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|])")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SCHEMA_ORG = {
    "person": "Person", "organisation": "Organization", "place": "Place", "work": "CreativeWork", "event": "Event",
    "money": "MonetaryAmount", "percent": "QuantitativeValue", "number": "QuantitativeValue",
}  # fmt: skip
_SCHEMA_ORG_RELATIONS = {
    ("holds_role", "person"): "jobTitle", ("works_for", "person"): "worksFor",
    ("part_of", "organisation"): "parentOrganization",
    ("located_in", "organisation"): "location", ("located_in", "place"): "containedInPlace",
}  # fmt: skip
_ROLES = {
    "holds_role": "holds the role", "works_for": "works for", "located_in": "is in", "part_of": "is part of",
    "acquired": "acquired", "made": "made", "said_with": "said with",
}  # fmt: skip
COLUMNS = ("kind", "name", "value", "start_ms", "end_ms", "speaker", "quote", "doubtful")


def markdown(document: Intelligence) -> str:
    """A report to read. What was said is escaped: a transcript cannot add headings, links or HTML to it."""
    lines = [f"# {_plain(document.project_title or 'What it is about')}", ""]
    engine = document.engine
    lines += [f"Made by {_plain(engine.name)} ({_plain(engine.version)}, {_plain(engine.model)}).", ""]
    lines += [f"Note: {_plain(note)}." for note in document.notes] + ([""] if document.notes else [])
    lines += _listed(document, "Summary", document.summary)
    if document.chapters:
        lines += ["## Chapters", ""]
        for chapter in document.chapters:
            heading = f"{format_clock(chapter.start_ms)} {_plain(chapter.title)}"
            lines += [f"- **{heading}**: {_cited(document, chapter.quote)}"]
        lines.append("")
    lines += _listed(document, "Key points", document.key_points) + _listed(document, "Quotes", document.quotes)
    lines += _listed(document, "Questions", document.questions)
    if document.topics:
        lines += ["## Topics", ""]
        lines += [
            f"- {_plain(topic.name)}: {', '.join(format_clock(at.start_ms) for at in topic.mentions)}"
            for topic in document.topics
        ]
        lines.append("")
    if document.entities:
        lines += ["## Names and amounts", "", "| what | kind | when |", "|---|---|---|"]
        lines += [
            f"| {_plain(entity.name)} | {entity.kind} | "
            f"{', '.join(format_clock(at.start_ms) for at in entity.mentions)} |"
            for entity in document.entities
        ]
        lines.append("")
    if document.relations:
        lines += ["## Relations", ""]
        lines += [
            f"- {_plain(relation.subject)} {_ROLES[relation.kind]} {_plain(relation.object)}: "
            f"{_cited(document, relation.quote)}"
            for relation in document.relations
        ]
        lines.append("")
    if document.sentiment:
        lines += ["## Sentiment along time", "", "| from | value | carried by |", "|---|---|---|"]
        lines += [
            f"| {format_clock(mood.start_ms)} | {mood.value:+.2f} | {_plain(mood.quote.text)} |"
            for mood in document.sentiment
        ]
    return "\n".join(lines).rstrip() + "\n"


def _listed(document: Intelligence, heading: str, points: list[Point]) -> list[str]:
    if not points:
        return []
    return [f"## {heading}", "", *(f"- {_own_words(point)}{_cited(document, point.quote)}" for point in points), ""]


def _own_words(point: Point) -> str:
    return f"{_plain(point.text)} " if point.text else ""


def spoken_by(document: Intelligence, quote: Quote) -> str:
    """The speaker of a quote: name, else id; empty without a speaker."""
    return document.speaker_names.get(quote.speaker or "", quote.speaker or "")


def _cited(document: Intelligence, quote: Quote) -> str:
    by = f", {_plain(spoken_by(document, quote))}" if quote.speaker else ""
    by += ", doubtful" if quote.doubtful else ""
    return f"“{_plain(quote.text)}” ({format_clock(quote.start_ms)}{by})"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(document: Intelligence) -> str:
    """One row a quote, RFC 4180. A cell that a spreadsheet might run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for kind, name, value, quote in _rows(document):
        cells = (
            kind,
            name,
            value,
            quote.start_ms,
            quote.end_ms,
            spoken_by(document, quote),
            quote.text,
            _marked(quote),
        )
        writer.writerow([_safe(cell) if isinstance(cell, str) else cell for cell in cells])
    return out.getvalue()


def _rows(document: Intelligence) -> Iterator[tuple[str, str, float | str, Quote]]:
    for kind, points in (
        ("summary", document.summary),
        ("key_point", document.key_points),
        ("quote", document.quotes),
        ("question", document.questions),
    ):
        for point in points:
            yield kind, point.text, point.weight, point.quote
    for chapter in document.chapters:
        yield "chapter", chapter.title, "", chapter.quote
    for topic in document.topics:
        for quote in topic.mentions:
            yield "topic", topic.name, topic.weight, quote
    for entity in document.entities:
        for quote in entity.mentions:
            yield entity.kind, entity.name, "", quote
    for relation in document.relations:
        yield f"relation:{relation.kind}", f"{relation.subject} → {relation.object}", "", relation.quote
    for mood in document.sentiment:
        yield "sentiment", "", mood.value, mood.quote


def _marked(quote: Quote) -> str:
    return "doubtful" if quote.doubtful else ""


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def json_ld(document: Intelligence, identity: str) -> bytes:
    """schema.org: a VideoObject with its clips, quotations and what it mentions. ``identity``: its IRI."""
    ids = [f"{identity}#entity-{at}" for at in range(len(document.entities))]
    iris = {entity.name: iri for entity, iri in zip(document.entities, ids, strict=True)}
    video: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "@id": identity,
        "name": document.project_title,
        "inLanguage": document.language,
        "duration": f"PT{document.duration_ms / 1000:.3f}S",
        "abstract": " ".join(point.quote.text for point in document.summary),
        "keywords": [topic.name for topic in document.topics],
        "hasPart": [
            {
                "@type": "Clip",
                "name": chapter.title,
                "startOffset": chapter.start_ms / 1000,
                "endOffset": chapter.end_ms / 1000,
                "abstract": chapter.quote.text,
            }
            for chapter in document.chapters
        ]
        + [_quotation(document, point) for point in document.quotes],
        "mentions": [
            _thing(entity, iri, _stands(document, iris, entity))
            for entity, iri in zip(document.entities, ids, strict=True)
        ],
    }
    return msgspec.json.encode({name: value for name, value in video.items() if value not in (None, "", [])})


def _quotation(document: Intelligence, point: Point) -> dict[str, Any]:
    quotation: dict[str, Any] = {"@type": "Quotation", "text": point.quote.text}
    quotation["startOffset"], quotation["endOffset"] = point.quote.start_ms / 1000, point.quote.end_ms / 1000
    if point.quote.speaker:
        quotation["creator"] = {"@type": "Person", "name": spoken_by(document, point.quote)}
    return quotation


def _thing(entity: Entity, iri: str, stands: Mapping[str, Any]) -> dict[str, Any]:
    parts = [
        {"@type": "Clip", "startOffset": quote.start_ms / 1000, "endOffset": quote.end_ms / 1000}
        for quote in entity.mentions
    ]
    kind = _SCHEMA_ORG.get(entity.kind, "Thing")
    return {"@type": kind, "@id": iri, "name": entity.name, "subjectOf": parts, **stands}


def _stands(document: Intelligence, iris: Mapping[str, str], entity: Entity) -> dict[str, Any]:
    """Relations of an entity to others, in the words that schema.org has for them."""
    values_by_property: dict[str, list[Any]] = {}
    for relation in document.relations:
        word = _SCHEMA_ORG_RELATIONS.get((relation.kind, entity.kind))
        if relation.subject == entity.name and word and (word == "jobTitle" or relation.object in iris):
            value = relation.object if word == "jobTitle" else {"@id": iris[relation.object]}
            values_by_property.setdefault(word, []).append(value)
    return {word: values[0] if len(values) == 1 else values for word, values in values_by_property.items()}


def graphml(document: Intelligence) -> str:
    """A graph of entities and roles, with relations and their quotes as edges, for Gephi and others."""
    nodes = {entity.name: f"n{at}" for at, entity in enumerate(document.entities)}
    roles: dict[str, int] = {}
    for relation in document.relations:
        if relation.kind == "holds_role" and relation.object not in nodes:
            roles.setdefault(relation.object, relation.quote.start_ms)
    keys = [
        ("label", "node", "string"), ("kind", "node", "string"), ("mentions", "node", "int"),
        ("first_ms", "node", "long"), ("relation", "edge", "string"), ("quote", "edge", "string"),
        ("start_ms", "edge", "long"),
    ]  # fmt: skip
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [
        f'<key id="{name}" for="{element}" attr.name="{name}" attr.type="{kind}"/>' for name, element, kind in keys
    ]
    lines.append('<graph id="g" edgedefault="directed">')
    for at, entity in enumerate(document.entities):
        attributes = {"label": entity.name, "kind": entity.kind, "mentions": len(entity.mentions)}
        lines.append(f'<node id="n{at}">{_data(attributes | {"first_ms": entity.mentions[0].start_ms})}</node>')
    for at, (role, first_ms) in enumerate(roles.items()):
        nodes[role] = f"r{at}"
        attributes = {"label": role, "kind": "role", "mentions": 1, "first_ms": first_ms}
        lines.append(f'<node id="r{at}">{_data(attributes)}</node>')
    for at, relation in enumerate(document.relations):
        if relation.subject in nodes and relation.object in nodes:
            ends = f"source={quoteattr(nodes[relation.subject])} target={quoteattr(nodes[relation.object])}"
            attributes = {"relation": relation.kind, "quote": relation.quote.text, "start_ms": relation.quote.start_ms}
            lines.append(f'<edge id="e{at}" {ends}>{_data(attributes)}</edge>')
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def _data(attributes: dict[str, Any]) -> str:
    return "".join(
        f'<data key="{key}">{escape(_NOT_XML.sub("", str(value)))}</data>' for key, value in attributes.items()
    )
