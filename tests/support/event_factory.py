"""Events, objects and arrivals for the tests of the sinks. Ids and times are fixed."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from uuid import UUID, uuid5

import schemas
from core.infra.kafka.message import Message
from schemas import codec, events
from schemas.common import ObjectRef, Segment, TimeRange
from schemas.costs import CostItem, InferenceCall
from schemas.documents.intelligence import Chapter, Engine, Entity, Intelligence, Quote, Topic
from schemas.documents.moments import ClipFacts, Evidence, Moment, MomentList, SubScore
from schemas.documents.quality import Figure
from schemas.documents.transcript import Transcript
from schemas.ids import NAMESPACE
from schemas.topics import BY_NAME, TOPIC_OF
from streams.sinks.batch_consumer import Arrived

ORG, OTHER_ORG = UUID(int=0xA), UUID(int=0xB)
PROJECT, OTHER_PROJECT = UUID(int=0x1), UUID(int=0x2)
CLIP = UUID(int=0xC)
OWN_CLIP = UUID(int=0xC0)
NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
EXAMPLES = Path(schemas.__file__).parent / "examples"
JITTER = Figure(name="jitter", value=2.5, unit="px a picture", limit=1.5, side="at_most", verdict="warn")


def arrived(event: events.AnyEvent, *, offset: int = 0, name: str = "") -> Arrived:
    """An event as it comes from its topic."""
    envelope = codec.Envelope(
        id=uuid5(NAMESPACE, f"{event}{name}"), source="/test", type=codec.type_name(type(event)), time=NOW
    )
    topic = TOPIC_OF[type(event)].name
    headers = codec.encode_headers(envelope)
    message = Message(topic=topic, partition=0, offset=offset, key="", headers=headers, payload=codec.encode(event))
    return Arrived(message=message, envelope=envelope, event=event)


def passing_examples() -> list[Arrived]:
    """Every example event that is to pass."""
    found = []
    for path in sorted(EXAMPLES.glob("*/*.pass.json")):
        example = json.loads(path.read_text())
        payload = json.dumps(example["body"]).encode()
        topic = BY_NAME[path.parent.name]
        envelope, event = codec.decode(topic, example["headers"], payload)
        message = Message(topic=topic.name, partition=1, offset=2, key="", headers=example["headers"], payload=payload)
        found.append(Arrived(message=message, envelope=envelope, event=event))
    return found


def transcript(*texts: str) -> Transcript:
    """A transcript of these segments, a second each."""
    segments = [
        Segment(start_ms=1000 * n, end_ms=1000 * n + 900, text=text, first_word=n, end_word=n + 1)
        for n, text in enumerate(texts)
    ]
    return Transcript(
        language="en", language_probability=0.9, duration_ms=60_000, words=[], segments=segments, speech=[], model="m",
        project_title="A talk",
    )  # fmt: skip


def moments(title: str = "A title", *, selected: bool = True) -> MomentList:
    """One chosen moment and one that was not."""

    def moment(number: UUID, text: str, *, chosen: bool) -> Moment:
        return Moment(
            id=str(number), range=TimeRange(start_ms=5, end_ms=20_005), score=70.5, confidence=0.5, title=title,
            reason="because", signals=[sub_score()], selected=chosen, text=text, rank=1 if chosen else None,
        )  # fmt: skip

    return MomentList(
        moments=[moment(CLIP, "chosen words", chosen=selected), moment(UUID(int=9), "left", chosen=False)],
        project_title="A talk",
    )


def clip_facts(score: float | None = 61.5) -> ClipFacts:
    """Facts of a requested clip; scored if ``score`` is given."""
    measured = {"score": score, "confidence": 0.5, "signals": [sub_score()]} if score is not None else {}
    return ClipFacts(
        clip_id=str(OWN_CLIP), ordinal=3, range=TimeRange(start_ms=1000, end_ms=9000), title="My own", text="own words",
        project_title="A talk", **measured,  # type: ignore[arg-type]
    )  # fmt: skip


def clip_measured(ref: ObjectRef, score: float | None = 61.5) -> events.ClipMeasured:
    return events.ClipMeasured(
        org_id=ORG, project_id=PROJECT, clip_id=OWN_CLIP, range=TimeRange(start_ms=1000, end_ms=9000),
        facts=ref, score=score, confidence=None if score is None else 0.5,
    )  # fmt: skip


def sub_score(name: str = "hook", value: float = 0.8) -> SubScore:
    """A sub-score from two features, one stronger than the other."""
    evidence = [
        Evidence(kind="words", start_ms=5, end_ms=900, text="chosen words", part=part, strength=0.5, share=share)
        for part, share in (("question", 0.25), ("opening", 0.75), ("opening", 0.75))
    ]
    return SubScore(name=name, value=value, weight=2.0, evidence=evidence, raw=0.4, confidence=0.9, told="It asks.")


def cost_incurred(org: UUID = ORG) -> events.CostIncurred:
    """An attempt of look that called one model twice."""
    calls = [
        InferenceCall(model="faces", weights="centerface", at_ms=at, wall_ms=50, compute_ms=40) for at in (100, 400)
    ]
    items = [CostItem(kind="cpu_ms", amount=500, money=0.25), CostItem(kind="stored_bytes", amount=1000)]
    return events.CostIncurred(
        org_id=org, project_id=PROJECT, stage="look", attempt=1, outcome="done", wall_ms=2000, items=items, calls=calls,
        currency="EUR",
    )  # fmt: skip


def transcript_completed(ref: ObjectRef, *, version: int = 1, org: UUID = ORG) -> events.TranscriptCompleted:
    return events.TranscriptCompleted(
        org_id=org, project_id=PROJECT, transcript=ref, language="en", word_count=1, segment_count=1, speech_ms=1,
        version=version,
    )  # fmt: skip


def moments_detected(ref: ObjectRef) -> events.MomentsDetected:
    return events.MomentsDetected(org_id=ORG, project_id=PROJECT, moments=ref, candidate_count=2, clip_count=1)


def intelligence() -> Intelligence:
    """A chapter of two segments (`transcript`), a person and a topic said in both."""

    def said(text: str, second: int) -> Quote:
        return Quote(text=text, start_ms=1000 * second, end_ms=1000 * second + 900, speaker="Ann")

    return Intelligence(
        engine=Engine(name="local", version="1"),
        language="en",
        duration_ms=60_000,
        project_title="A talk",
        chapters=[
            Chapter(
                title="Tides, seals", start_ms=0, end_ms=2000, quote=said("Bob sings of tides.", 0),
                phrases=["tides", "seals"],
            )
        ],
        topics=[Topic(name="tides", weight=1.0, mentions=[said("tides", 0)])],
        entities=[Entity(kind="person", name="Bob", mentions=[said("Bob", 0), said("Bob", 1)])],
    )  # fmt: skip


def intelligence_completed(ref: ObjectRef) -> events.IntelligenceCompleted:
    return events.IntelligenceCompleted(
        org_id=ORG, project_id=PROJECT, intelligence=ref, engine="local", chapter_count=1, topic_count=1,
        entity_count=1,
    )  # fmt: skip


def clip_selected() -> events.ClipSelected:
    return events.ClipSelected(
        org_id=ORG,
        project_id=PROJECT,
        clip_id=CLIP,
        export_id=UUID(int=0xE),
        ordinal=0,
        rendition=events.Rendition(range=TimeRange(start_ms=5, end_ms=20_005), aspect="9:16", captions=True),
        score=70.5,
        confidence=0.5,
    )


def export_completed(*checks: Figure) -> events.ExportCompleted:
    """A finished export with its certificate figures."""
    return events.ExportCompleted(
        org_id=ORG, project_id=PROJECT, clip_id=UUID(int=71), export_id=UUID(int=72), ordinal=0, aspect="9:16",
        video=ObjectRef(key="k", sha256="0" * 64, size=1), duration_ms=1, integrated_lufs=-14.0, verdict="warn",
        checks=list(checks),
    )  # fmt: skip


def erased(org: UUID = ORG, project: UUID = PROJECT) -> events.ProjectErased:
    return events.ProjectErased(org_id=org, project_id=project, version=9)


def failed(project: UUID = PROJECT) -> events.ProjectFailed:
    return events.ProjectFailed(org_id=ORG, project_id=project, version=3, reason="media.bomb", detail="Ann's file")
