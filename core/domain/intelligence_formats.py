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


def markdown(made: Intelligence) -> str:
    """A report to read. What was said is escaped: a transcript cannot add headings, links or HTML to it."""
    lines = [f"# {_plain(made.project_title or 'What it is about')}", ""]
    lines += [f"Made by {_plain(made.engine.name)} ({_plain(made.engine.version)}, {_plain(made.engine.model)}).", ""]
    lines += [f"Note: {_plain(note)}." for note in made.notes] + ([""] if made.notes else [])
    lines += _listed(made, "Summary", made.summary)
    if made.chapters:
        lines += ["## Chapters", ""]
        for one in made.chapters:
            lines += [f"- **{format_clock(one.start_ms)} {_plain(one.title)}**: {_cited(made, one.quote)}"]
        lines.append("")
    lines += _listed(made, "Key points", made.key_points) + _listed(made, "Quotes", made.quotes)
    lines += _listed(made, "Questions", made.questions)
    if made.topics:
        lines += ["## Topics", ""]
        lines += [
            f"- {_plain(one.name)}: {', '.join(format_clock(at.start_ms) for at in one.mentions)}"
            for one in made.topics
        ]
        lines.append("")
    if made.entities:
        lines += ["## Names and amounts", "", "| what | kind | when |", "|---|---|---|"]
        lines += [
            f"| {_plain(one.name)} | {one.kind} | {', '.join(format_clock(at.start_ms) for at in one.mentions)} |"
            for one in made.entities
        ]
        lines.append("")
    if made.relations:
        lines += ["## Relations", ""]
        lines += [
            f"- {_plain(one.subject)} {_ROLES[one.kind]} {_plain(one.object)}: {_cited(made, one.quote)}"
            for one in made.relations
        ]
        lines.append("")
    if made.sentiment:
        lines += ["## Sentiment along time", "", "| from | value | carried by |", "|---|---|---|"]
        lines += [
            f"| {format_clock(one.start_ms)} | {one.value:+.2f} | {_plain(one.quote.text)} |" for one in made.sentiment
        ]
    return "\n".join(lines).rstrip() + "\n"


def _listed(made: Intelligence, heading: str, points: list[Point]) -> list[str]:
    if not points:
        return []
    return [f"## {heading}", "", *(f"- {_own_words(point)}{_cited(made, point.quote)}" for point in points), ""]


def _own_words(point: Point) -> str:
    return f"{_plain(point.text)} " if point.text else ""


def spoken_by(made: Intelligence, quote: Quote) -> str:
    """The speaker of a quote: name, else id; empty without a speaker."""
    return made.speaker_names.get(quote.speaker or "", quote.speaker or "")


def _cited(made: Intelligence, quote: Quote) -> str:
    by = f", {_plain(spoken_by(made, quote))}" if quote.speaker else ""
    by += ", doubtful" if quote.doubtful else ""
    return f"“{_plain(quote.text)}” ({format_clock(quote.start_ms)}{by})"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(made: Intelligence) -> str:
    """One row a quote, RFC 4180. A cell that a spreadsheet might run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for kind, name, value, quote in _rows(made):
        cells = (kind, name, value, quote.start_ms, quote.end_ms, spoken_by(made, quote), quote.text, _marked(quote))
        writer.writerow([_safe(cell) if isinstance(cell, str) else cell for cell in cells])
    return out.getvalue()


def _rows(made: Intelligence) -> Iterator[tuple[str, str, float | str, Quote]]:
    for kind, points in (
        ("summary", made.summary),
        ("key_point", made.key_points),
        ("quote", made.quotes),
        ("question", made.questions),
    ):
        for point in points:
            yield kind, point.text, point.weight, point.quote
    for chapter in made.chapters:
        yield "chapter", chapter.title, "", chapter.quote
    for topic in made.topics:
        for quote in topic.mentions:
            yield "topic", topic.name, topic.weight, quote
    for entity in made.entities:
        for quote in entity.mentions:
            yield entity.kind, entity.name, "", quote
    for relation in made.relations:
        yield f"relation:{relation.kind}", f"{relation.subject} → {relation.object}", "", relation.quote
    for mood in made.sentiment:
        yield "sentiment", "", mood.value, mood.quote


def _marked(quote: Quote) -> str:
    return "doubtful" if quote.doubtful else ""


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def json_ld(made: Intelligence, identity: str) -> bytes:
    """schema.org: a VideoObject with its clips, quotations and what it mentions. ``identity``: its IRI."""
    ids = [f"{identity}#entity-{at}" for at in range(len(made.entities))]
    iris = {entity.name: own for entity, own in zip(made.entities, ids, strict=True)}
    whole: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "@id": identity,
        "name": made.project_title,
        "inLanguage": made.language,
        "duration": f"PT{made.duration_ms / 1000:.3f}S",
        "abstract": " ".join(point.quote.text for point in made.summary),
        "keywords": [topic.name for topic in made.topics],
        "hasPart": [
            {
                "@type": "Clip",
                "name": one.title,
                "startOffset": one.start_ms / 1000,
                "endOffset": one.end_ms / 1000,
                "abstract": one.quote.text,
            }
            for one in made.chapters
        ]
        + [_quotation(made, point) for point in made.quotes],
        "mentions": [
            _thing(entity, own, _stands(made, iris, entity)) for entity, own in zip(made.entities, ids, strict=True)
        ],
    }
    return msgspec.json.encode({name: value for name, value in whole.items() if value not in (None, "", [])})


def _quotation(made: Intelligence, point: Point) -> dict[str, Any]:
    found: dict[str, Any] = {"@type": "Quotation", "text": point.quote.text}
    found["startOffset"], found["endOffset"] = point.quote.start_ms / 1000, point.quote.end_ms / 1000
    if point.quote.speaker:
        found["creator"] = {"@type": "Person", "name": spoken_by(made, point.quote)}
    return found


def _thing(entity: Entity, own: str, stands: Mapping[str, Any]) -> dict[str, Any]:
    parts = [
        {"@type": "Clip", "startOffset": quote.start_ms / 1000, "endOffset": quote.end_ms / 1000}
        for quote in entity.mentions
    ]
    kind = _SCHEMA_ORG.get(entity.kind, "Thing")
    return {"@type": kind, "@id": own, "name": entity.name, "subjectOf": parts, **stands}


def _stands(made: Intelligence, iris: Mapping[str, str], entity: Entity) -> dict[str, Any]:
    """How an entity stands to others, by the words that schema.org has for it."""
    found: dict[str, list[Any]] = {}
    for one in made.relations:
        word = _SCHEMA_ORG_RELATIONS.get((one.kind, entity.kind))
        if one.subject == entity.name and word and (word == "jobTitle" or one.object in iris):
            found.setdefault(word, []).append(one.object if word == "jobTitle" else {"@id": iris[one.object]})
    return {word: values[0] if len(values) == 1 else values for word, values in found.items()}


def graphml(made: Intelligence) -> str:
    """A graph of entities and roles, with relations and their quotes as edges, for Gephi and others."""
    nodes = {entity.name: f"n{at}" for at, entity in enumerate(made.entities)}
    roles: dict[str, int] = {}
    for one in made.relations:
        if one.kind == "holds_role" and one.object not in nodes:
            roles.setdefault(one.object, one.quote.start_ms)
    keys = [
        ("label", "node", "string"), ("kind", "node", "string"), ("mentions", "node", "int"),
        ("first_ms", "node", "long"), ("relation", "edge", "string"), ("quote", "edge", "string"),
        ("start_ms", "edge", "long"),
    ]  # fmt: skip
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'<key id="{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>' for name, of, kind in keys]
    lines.append('<graph id="g" edgedefault="directed">')
    for at, entity in enumerate(made.entities):
        about = {"label": entity.name, "kind": entity.kind, "mentions": len(entity.mentions)}
        lines.append(f'<node id="n{at}">{_data(about | {"first_ms": entity.mentions[0].start_ms})}</node>')
    for at, (role, first_ms) in enumerate(roles.items()):
        nodes[role] = f"r{at}"
        about = {"label": role, "kind": "role", "mentions": 1, "first_ms": first_ms}
        lines.append(f'<node id="r{at}">{_data(about)}</node>')
    for at, one in enumerate(made.relations):
        if one.subject in nodes and one.object in nodes:
            ends = f"source={quoteattr(nodes[one.subject])} target={quoteattr(nodes[one.object])}"
            about = {"relation": one.kind, "quote": one.quote.text, "start_ms": one.quote.start_ms}
            lines.append(f'<edge id="e{at}" {ends}>{_data(about)}</edge>')
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def _data(about: dict[str, Any]) -> str:
    return "".join(f'<data key="{key}">{escape(_NOT_XML.sub("", str(value)))}</data>' for key, value in about.items())
