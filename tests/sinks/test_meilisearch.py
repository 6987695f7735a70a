"""The search sink on twins: merged, newest wins, erased for good, bad references refused."""

from __future__ import annotations

from itertools import permutations

from schemas.documents import encode_document
from schemas.media import ObjectRef
from streams.sinks.documents import tombstone_document
from streams.sinks.meilisearch import MeilisearchSink
from tests.sinks import made
from tests.sinks.twins import MemoryObjects, MemorySearch

PREFIX = f"{made.ORG}/{made.PROJECT}/transcript/a"


class World:
    """A sink with its twins."""

    def __init__(self) -> None:
        self.search, self.objects = MemorySearch(), MemoryObjects()
        self.sink = MeilisearchSink(self.search, self.objects)  # type: ignore[arg-type]

    def words(self, *texts: str) -> ObjectRef:
        return self.objects.store(PREFIX, encode_document(made.transcript(*texts)))

    def list(self) -> ObjectRef:
        return self.objects.store(PREFIX, encode_document(made.moments()))


async def test_a_clip_is_the_same_whichever_of_its_events_comes_first() -> None:
    seen = []
    for order in permutations(range(2)):
        world = World()
        both = [made.arrived(made.moments_detected(world.list())), made.arrived(made.clip_selected())]
        for number in order:
            assert await world.sink.handle([both[number]]) == []
        (clip,) = world.search.indexes["clips"].values()
        seen.append(clip)
    assert seen[0] == seen[1]
    assert (seen[0]["title"], seen[0]["ordinal"], seen[0]["project_title"]) == ("A title", 0, "A talk")


async def test_the_newest_transcript_wins_in_any_order_and_leaves_nothing_of_the_old() -> None:
    for order in permutations((1, 2, 3)):
        for together in (True, False):
            world = World()
            texts = {1: ("a", "b", "c", "d"), 2: ("e", "f", "g"), 3: ("h", "i")}
            found = [made.arrived(made.transcript_completed(world.words(*texts[n]), version=n)) for n in order]
            for batch in [found] if together else [[one] for one in found]:
                assert await world.sink.handle(batch) == []
            assert world.search.texts("segments") == ["h", "i"], (order, together)


async def test_twice_is_once() -> None:
    world = World()
    batch = [
        made.arrived(made.transcript_completed(world.words("x", "y"))),
        made.arrived(made.moments_detected(world.list())),
        made.arrived(made.clip_selected()),
    ]
    await world.sink.handle(batch)
    before = {name: dict(documents) for name, documents in world.search.indexes.items()}
    await world.sink.handle(batch + batch)
    assert world.search.indexes == before


async def test_an_erased_project_is_gone_and_stays_so() -> None:
    world = World()
    late = made.arrived(made.transcript_completed(world.words("x"), version=5))
    await world.sink.handle([late, made.arrived(made.clip_selected())])
    await world.sink.handle([made.arrived(made.erased(made.OTHER_ORG))])
    assert world.search.texts("segments") == ["x"], "another org's erasure touches nothing"
    await world.sink.handle([made.arrived(made.erased())])
    await world.sink.handle([late, made.arrived(made.clip_selected())])
    assert world.search.indexes["segments"] == world.search.indexes["clips"] == {}
    assert len(world.search.indexes["tombstones"]) == 2


async def test_what_another_process_erased_meanwhile_is_deleted_again() -> None:
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
    refused = await world.sink.handle([*batch, made.arrived(made.clip_selected())])
    assert [one.reason for one in refused] == ["object.missing", "object.foreign", "object.bad"]
    assert len(world.search.indexes["clips"]) == 1
