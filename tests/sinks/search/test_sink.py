"""The search sink on twins: merged, newest wins, erased for good, bad references refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

import msgspec
import numpy as np
import pytest

from core.infra.sentence_embeddings import ask, pack_rows
from core.storage.labels import Titles
from schemas import events
from schemas.common import ObjectRef, Trust
from schemas.documents import encode_document
from schemas.documents.intelligence import Intelligence
from schemas.documents.transcript import SentenceRows
from streams.sinks.search.search_documents import SEARCHED_INDEXES, millisecond, tombstone_document
from streams.sinks.search.sink import MeilisearchSink
from tests.sinks.fakes import MemoryObjects, MemorySearch
from tests.support import event_factory as made
from tests.support.vectors import WordSentences

MAX_TASKS = 12
"""Writes and deletions of the four indexes, documents and what they have in common."""
PREFIX = f"{made.ORG}/{made.PROJECT}/transcript/a"


class World:
    """A sink with its twins."""

    def __init__(self) -> None:
        self.search, self.objects = MemorySearch(), MemoryObjects()
        self.sink = MeilisearchSink(self.search, self.objects)  # type: ignore[arg-type]

    def words(self, *texts: str) -> ObjectRef:
        return self.objects.store(PREFIX, encode_document(made.transcript(*texts)))

    def judged(self, texts: Sequence[str], trust: Sequence[Trust]) -> ObjectRef:
        plain = made.transcript(*texts)
        segments = [
            msgspec.structs.replace(one, trust=judged) for one, judged in zip(plain.segments, trust, strict=True)
        ]
        return self.objects.store(PREFIX, encode_document(msgspec.structs.replace(plain, segments=segments)))

    def list(self) -> ObjectRef:
        return self.objects.store(PREFIX, encode_document(made.moments()))

    def about(self, what: Intelligence | None = None) -> ObjectRef:
        return self.objects.store(PREFIX, encode_document(what or made.intelligence()))


async def test_documents_agree_in_any_order_of_their_events() -> None:
    seen = []
    for order in permutations(range(3)):
        for together in (True, False):
            world = World()
            every = [
                made.arrived(made.transcript_completed(world.words("Bob sings of tides.", "Bob ends."))),
                made.arrived(made.moments_detected(world.list())),
                made.arrived(made.intelligence_completed(world.about())),
            ]
            found = [every[number] for number in order]
            for batch in [found] if together else [[one] for one in found]:
                assert await world.sink.handle(batch) == []
            seen.append(world.search.indexes)
    assert all(one == seen[0] for one in seen)
    first, second = sorted(seen[0]["segments"].values(), key=lambda one: one["ordinal"])
    assert (first["topics"], second["topics"]) == (["tides"], [])
    (clip,), (chapter,) = seen[0]["clips"].values(), seen[0]["chapters"].values()
    assert (clip["title"], clip["ordinal"], clip["text"], clip["topics"]) == ("A title", 0, "chosen words", ["tides"])
    assert (chapter["topics"], chapter["language"], chapter["speaker"]) == (["tides"], ["en"], [])
    assert sorted(one["name"] for one in seen[0]["entities"].values()) == ["Bob", "tides"]


class Named:
    """Titles of a project and its clips, as in Postgres."""

    def __init__(self, project: str, title: str) -> None:
        self.now: Titles | None = Titles(project=project, clips={made.CLIP: title})

    async def read_titles(self, org_id: UUID, project_id: UUID) -> Titles | None:
        assert (org_id, project_id) == (made.ORG, made.PROJECT)
        return self.now


async def test_documents_have_current_titles_in_any_event_order() -> None:
    fields = {"org_id": made.ORG, "project_id": made.PROJECT, "version": 7, "revision": 2}
    updated = events.ClipUpdated(**fields, changed=["title"], clip_id=made.CLIP, ordinal=0)  # type: ignore[arg-type]
    for order in permutations(range(4)):
        world, labels = World(), Named("Now", title="My title")
        world.sink = MeilisearchSink(world.search, world.objects, labels=labels)  # type: ignore[arg-type]
        every = [
            made.arrived(made.transcript_completed(world.words("Bob sings of tides.", "Bob ends."))),
            made.arrived(made.moments_detected(world.list())),
            made.arrived(made.intelligence_completed(world.about())),
            made.arrived(updated),
        ]
        for number in order:
            assert await world.sink.handle([every[number]]) == []
        found = [one for index in SEARCHED_INDEXES for one in world.search.indexes[index].values()]
        assert {one["project_title"] for one in found} == {"Now"}
        assert [one["title"] for one in world.search.indexes["clips"].values()] == ["My title"]
        labels.now = Titles(project="Later", clips={made.CLIP: ""}, created_at=made.NOW - dt.timedelta(days=400))
        await world.sink.handle([made.arrived(events.ProjectUpdated(**fields, changed=["title"]))])  # type: ignore[arg-type]
        assert {one["project_title"] for index in SEARCHED_INDEXES for one in world.search.indexes[index].values()} == {
            "Later"
        }
        made_at = {one["project_at"] for index in SEARCHED_INDEXES for one in world.search.indexes[index].values()}
        assert made_at == {millisecond(made.NOW - dt.timedelta(days=400))}
        assert [one["title"] for one in world.search.indexes["clips"].values()] == ["My title"], "none is no title"
        labels.now = None
        await world.sink.handle([made.arrived(events.ProjectUpdated(**fields, changed=["title"]))])  # type: ignore[arg-type]
        assert all(one["project_title"] == "Later" for one in world.search.indexes["segments"].values())


async def test_a_correction_reaches_clips_chapters_and_names_in_any_order() -> None:
    for order in permutations(range(4)):
        world = World()
        every = [
            made.arrived(made.transcript_completed(world.words("Bob sings of tides.", "Bob ends."))),
            made.arrived(made.moments_detected(world.list())),
            made.arrived(made.intelligence_completed(world.about())),
            made.arrived(made.transcript_completed(world.words("Bob sings of seals.", "Rob ends."), version=2)),
        ]
        for number in order:
            assert await world.sink.handle([every[number]]) == []
        (clip,), (chapter,) = world.search.indexes["clips"].values(), world.search.indexes["chapters"].values()
        assert clip["text"] == "Bob sings of seals. Rob ends.", order
        assert (chapter["text"], chapter["title"], chapter["phrases"]) == ("Bob sings of seals.", "Seals", ["seals"])
        (bob,) = world.search.indexes["entities"].values()
        assert (bob["name"], bob["said_ms"], bob["mention_count"]) == ("Bob", [0], 1)
        assert all(not one["topics"] for one in world.search.indexes["segments"].values())


async def test_doubt_is_marked_until_a_person_corrects_it() -> None:
    for order in permutations(range(3)):
        world = World()
        texts = ("Bob sings of tides.", "Bob ends.")
        every = [
            made.arrived(made.transcript_completed(world.judged(texts, ("trusted", "doubtful")))),
            made.arrived(made.moments_detected(world.list())),
            made.arrived(made.intelligence_completed(world.about())),
        ]
        for number in order:
            await world.sink.handle([every[number]])
        doubted = [{"start_ms": 1000, "end_ms": 1900, "text": "Bob ends."}]
        for index in ("clips", "chapters"):
            (found,) = world.search.indexes[index].values()
            assert (found["trust"], found["doubtful"]) == ("doubtful", doubted), (index, order)
        names = {one["name"]: one for one in world.search.indexes["entities"].values()}
        assert [one["doubtful"] for one in names["Bob"]["mentions"]] == [False, True], order
        assert (names["Bob"]["trust"], names["tides"]["trust"]) == ("trusted", "trusted")
        corrected = world.judged(texts, ("trusted", "trusted"))
        await world.sink.handle([made.arrived(made.transcript_completed(corrected, version=2))])
        (clip,) = world.search.indexes["clips"].values()
        assert (clip["trust"], clip["doubtful"]) == ("trusted", [])
        (bob,) = (one for one in world.search.indexes["entities"].values() if one["name"] == "Bob")
        assert not any(one["doubtful"] for one in bob["mentions"])


async def test_a_clip_that_only_touches_a_doubtful_range_is_not_marked() -> None:
    world = World()
    texts = [f"Part {number}." for number in range(20)] + ["Much later."]
    words = world.judged(texts, ["trusted"] * 20 + ["doubtful"])
    await world.sink.handle([made.arrived(made.moments_detected(world.list()))])
    (clip,) = world.search.indexes["clips"].values()
    assert (clip["trust"], clip["doubtful"]) == (None, []), "nothing is known of its words yet"
    await world.sink.handle([made.arrived(made.transcript_completed(words))])
    (clip,) = world.search.indexes["clips"].values()
    assert (clip["end_ms"], clip["trust"], clip["doubtful"]) == (20_005, "trusted", [])


async def test_clips_and_chapters_have_the_vectors_of_their_segments() -> None:
    world = World()
    texts = ("Bob sings of tides.", "Bob ends.")
    rows, model, _ = await ask(WordSentences(), texts, {})
    kept = SentenceRows(rows=world.objects.store(PREFIX, pack_rows(rows)), dimensions=384, model=model, texts=2)
    meant = msgspec.structs.replace(made.transcript(*texts), meaning=kept)
    words = world.objects.store(PREFIX, encode_document(meant))
    study = made.arrived(made.intelligence_completed(world.about()))
    await world.sink.handle([study, made.arrived(made.moments_detected(world.list()))])
    (clip,), (chapter,) = world.search.indexes["clips"].values(), world.search.indexes["chapters"].values()
    assert clip["_vectors"] == chapter["_vectors"] == {"meaning": None}
    await world.sink.handle([made.arrived(made.transcript_completed(words))])
    first, second = (one["_vectors"]["meaning"] for one in world.search.indexes["segments"].values())
    (clip,), (chapter,) = world.search.indexes["clips"].values(), world.search.indexes["chapters"].values()
    wanted = np.array(first) * 4 + np.array(second) * 2
    assert np.allclose(chapter["_vectors"]["meaning"], wanted / np.linalg.norm(wanted), atol=1e-3)
    assert clip["_vectors"] == chapter["_vectors"]


async def test_rows_of_another_project_are_refused() -> None:
    world = World()
    foreign = ObjectRef(key=f"{made.OTHER_ORG}/x", sha256="", size=0)
    kept = SentenceRows(rows=foreign, dimensions=384, model="m", texts=1)
    meant = msgspec.structs.replace(made.transcript("x"), meaning=kept)
    words = world.objects.store(PREFIX, encode_document(meant))
    (refused,) = await world.sink.handle([made.arrived(made.transcript_completed(words))])
    assert refused.reason == "object.foreign"


async def test_a_later_study_replaces_the_earlier_completely() -> None:
    world = World()
    (entity, *_) = made.intelligence().entities
    other = msgspec.structs.replace(made.intelligence(), entities=[msgspec.structs.replace(entity, name="Eve")])
    late = made.intelligence_completed(world.about(other))
    early = made.arrived(made.intelligence_completed(world.about()))
    for later in (late, msgspec.structs.replace(late, transcript_version=2)):
        for batches in ([[early], [made.arrived(later)]], [[early, made.arrived(later)]]):
            world.search.indexes = {name: {} for name in world.search.indexes}
            for batch in batches:
                await world.sink.handle(batch)
            assert sorted(one["name"] for one in world.search.indexes["entities"].values()) == ["Eve", "tides"]
            assert len(world.search.indexes["chapters"]) == 1
    await world.sink.handle([early])
    names = sorted(one["name"] for one in world.search.indexes["entities"].values())
    assert names == ["Eve", "tides"], "an older study that comes late changes nothing"


async def test_newest_transcript_wins_in_any_order() -> None:
    for order in permutations((1, 2, 3)):
        for together in (True, False):
            world = World()
            texts = {1: ("a", "b", "c", "d"), 2: ("e", "f", "g"), 3: ("h", "i")}
            found = [made.arrived(made.transcript_completed(world.words(*texts[n]), version=n)) for n in order]
            for batch in [found] if together else [[one] for one in found]:
                assert await world.sink.handle(batch) == []
            assert world.search.texts("segments") == ["h", "i"], (order, together)


async def test_a_repeated_event_changes_no_document() -> None:
    world = World()
    batch = [
        made.arrived(made.transcript_completed(world.words("x", "y"))),
        made.arrived(made.moments_detected(world.list())),
        made.arrived(made.intelligence_completed(world.about())),
        made.arrived(made.clip_selected()),
    ]
    await world.sink.handle(batch)
    before = {name: dict(documents) for name, documents in world.search.indexes.items()}
    await world.sink.handle(batch + batch)
    assert world.search.indexes == before


async def test_an_erased_project_is_gone_and_stays_so() -> None:
    world = World()
    late = [
        made.arrived(made.transcript_completed(world.words("Bob, tides"), version=5)),
        made.arrived(made.moments_detected(world.list())),
        made.arrived(made.intelligence_completed(world.about())),
    ]
    await world.sink.handle(late)
    await world.sink.handle([made.arrived(made.erased(made.OTHER_ORG))])
    assert world.search.texts("segments") == ["Bob, tides"], "another org's erasure touches nothing"
    assert all(world.search.indexes[name] for name in SEARCHED_INDEXES)
    await world.sink.handle([made.arrived(made.erased())])
    await world.sink.handle(late)
    assert [world.search.indexes[name] for name in SEARCHED_INDEXES] == [{}] * len(SEARCHED_INDEXES)
    assert len(world.search.indexes["tombstones"]) == 2


async def test_documents_erased_meanwhile_are_deleted_again() -> None:
    world = World()

    def erase(_index: str) -> None:
        stone = tombstone_document(made.erased(), made.NOW)
        world.search.indexes["tombstones"][stone["id"]] = stone

    world.search.before_upsert = erase
    await world.sink.handle([made.arrived(made.transcript_completed(world.words("x")))])
    assert world.search.indexes["segments"] == {}


async def test_bad_references_are_refused_and_the_rest_goes_on() -> None:
    world = World()
    missing = ObjectRef(key=f"{PREFIX}/nope", sha256="", size=0)
    foreign = ObjectRef(key=f"{made.OTHER_ORG}/x", sha256="", size=0)
    other = world.objects.store(PREFIX, b'{"what": 1}')
    batch = [made.arrived(made.transcript_completed(ref), offset=n) for n, ref in enumerate((missing, foreign, other))]
    refused = await world.sink.handle([*batch, made.arrived(made.moments_detected(world.list()))])
    assert [one.reason for one in refused] == ["object.missing", "object.foreign", "object.bad"]
    assert len(world.search.indexes["clips"]) == 1


async def test_a_clip_that_a_person_chose_is_found_by_the_words_in_it() -> None:
    """Whichever comes first, the transcript or the clip: it has the speakers and words of the newest segments."""
    for score in (61.5, None):
        seen = []
        for turn in (1, -1):
            world = World()
            ref = world.objects.store(PREFIX, encode_document(made.clip_facts(score)))
            batch = [
                made.arrived(made.clip_measured(ref, score)),
                made.arrived(made.transcript_completed(world.words("Bob sings of tides.", "Bob ends."))),
                made.arrived(made.moments_detected(world.list())),
            ][::turn]
            for one in batch:
                assert await world.sink.handle([one]) == []
            own, _ = sorted(world.search.indexes["clips"].values(), key=lambda clip: -int(clip["ordinal"]))
            assert (own["clip_id"], own["title"], own["score"], own["text"]) == (
                str(made.OWN_CLIP), "My own", score, "own words",
            )  # fmt: skip
            assert (own["project_title"], own["start_ms"], own["language"]) == ("A talk", 1000, ["en"])
            seen.append(world.search.indexes["clips"])
            await world.sink.handle([made.arrived(made.erased(), offset=9)])
            assert world.search.indexes["clips"] == {}, "it is forgotten with its project"
        assert seen[0] == seen[1]


@pytest.mark.parametrize("count", [1, 13])
async def test_a_batch_is_as_many_tasks_for_one_project_as_for_many(count: int) -> None:
    """The engine works its tasks off one after the other: a task a project made the index fall behind the projects."""
    world = World()
    for version in (1, 2):
        batch = []
        for number in range(count):
            owner = UUID(int=number + 1)
            prefix = f"{made.ORG}/{owner}/transcript/a"
            words, about, moments = (
                world.objects.store(prefix, encode_document(one))
                for one in (made.transcript(f"Bob sings {version}."), made.intelligence(), made.moments())
            )
            batch += [
                made.transcript_completed(words, version=version),
                made.intelligence_completed(about),
                made.moments_detected(moments),
            ]
            batch[-3:] = [msgspec.structs.replace(one, project_id=owner) for one in batch[-3:]]
        world.search.tasks = 0
        await world.sink.handle([made.arrived(one) for one in batch])
        assert world.search.tasks <= MAX_TASKS
    world.search.tasks = 0
    erased = [msgspec.structs.replace(made.erased(), project_id=UUID(int=number + 1)) for number in range(count)]
    await world.sink.handle([made.arrived(one) for one in erased])
    assert world.search.tasks <= 1 + len(SEARCHED_INDEXES)
    assert not any(world.search.indexes[name] for name in SEARCHED_INDEXES)
