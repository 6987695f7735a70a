"""The arithmetic of the benchmarks: hops, memory, fair ratios, the mix of requests."""

from __future__ import annotations

import random
import threading
import time
from uuid import UUID

import pytest

from benchmarks.harness.stage_timestamps import Hop
from benchmarks.render import moviepy_peer, parallel_renders
from benchmarks.render.render import CLIP, Cost
from benchmarks.system import api_load
from benchmarks.system.api_latency import claims_of, mix
from benchmarks.system.api_load import CUSTOMER, FRESH, Ask, Customer, Load, LoadResult, draw, headers_of, joined
from benchmarks.system.hop import between_stages, claim_of
from benchmarks.system.memory import most_at_once, peaks
from benchmarks.system.pipeline import OurRun, fair_ratio
from benchmarks.system.pipeline import claims_of as claims_of_pipeline
from benchmarks.system.pipeline_peer import PeerRun
from benchmarks.system.stage_limits import AtBest, spread_over_cores
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.encoding.muxer import Encoding


def hop(source: str, ms: float) -> Hop:
    return Hop(
        id=UUID(int=1), source=source, target="close", committed_s=10.0, acked_s=10.004, began_s=10.003,
        claimed_s=10.0 + ms / 1000,
    )  # fmt: skip


def ours(wall_s: float, clips_s: float) -> OurRun:
    clip = TimeRange(start_ms=0, end_ms=round(clips_s * 1000))
    return OurRun(wall_s=wall_s, upload_s=1.0, download_s=1.0, clips=[clip], stages={}, made=["clip 1"])


def theirs(wall_s: float, clips_s: float) -> PeerRun:
    return PeerRun(wall_s=wall_s, heard_s=1.0, rendering_s=2.0, clips_s=[clips_s])


def test_a_hop_ends_with_the_committed_claim() -> None:
    assert hop("listen", 6.0).total_ms == pytest.approx(6.0)
    assert hop("listen", 6.0).part_ms()["the claim's transaction"] == pytest.approx(3.0)


def test_hops_are_held_to_their_95th_percentile() -> None:
    claim = claim_of("hop", [hop("listen", 10.0)] * 95 + [hop("listen", 500.0)] * 5)
    assert claim.measured == pytest.approx(10.0)
    assert claim.met
    assert "listen → close 10/10" in claim.where[1]


def test_events_of_the_api_do_not_count_as_hops() -> None:
    assert [one.source for one in between_stages([hop("api", 1.0), hop("look", 1.0)])] == ["look"]


def test_the_parts_peaks_need_not_fall_together() -> None:
    samples = [{"kafka": 300, "render": 100}, {"kafka": 310, "render": 400}, {"kafka": 500, "render": 50}]
    assert [(name, peak.first_bytes, peak.most_bytes) for name, peak in peaks(samples).items()] == [
        ("kafka", 300, 500),
        ("render", 100, 400),
    ]
    assert most_at_once(samples) == 710
    assert most_at_once([]) == 0


def test_shorter_clips_lengthen_our_time_longer_ones_do_not() -> None:
    assert fair_ratio([ours(80, 150)], [theirs(100, 150)]) == pytest.approx(0.8)
    assert fair_ratio([ours(80, 120)], [theirs(100, 150)]) == pytest.approx(1.0)
    assert fair_ratio([ours(80, 300)], [theirs(100, 150)]) == pytest.approx(0.8)
    assert fair_ratio([ours(80, 0)], [theirs(100, 150)]) == float("inf")


def test_medians_of_the_rounds_are_compared() -> None:
    runs = [ours(wall, 150) for wall in (70, 80, 500)]
    assert fair_ratio(runs, [theirs(wall, 150) for wall in (90, 100, 400)]) == pytest.approx(0.8)


def test_the_limits_share_the_cores() -> None:
    assert spread_over_cores({"speech (wall)": 14.0, "rendering (CPU)": 70.0}) == {
        "speech (wall)": 14.0,
        "rendering (CPU)": 35.0,
    }


def test_the_pipeline_is_held_to_peer_and_stage_limits() -> None:
    runs, peers = [ours(75, 150)] * 3, [theirs(100, 150)] * 3
    at_best = AtBest(parts_s={"speech (wall)": 50.0, "render (CPU)": 10.0}, rendering_cpu_s=20.0)
    beside, alone = claims_of_pipeline(runs, peers, 2.0, 600.0, "peer", at_best)
    assert (beside.measured, beside.limit, beside.met) == (pytest.approx(0.75), 0.75, True)
    assert (alone.measured, alone.limit, alone.met) == (pytest.approx(1.25), 1.25, True)
    assert "clip 1" in beside.where
    quick = claims_of_pipeline(runs, peers, 2.0, 36.0, "peer", at_best, full=False)
    assert [one.limit for one in quick] == [None, None]


def test_parallel_clips_are_held_to_sequential_ones() -> None:
    costs = {
        parallel_renders.SIDE.name: [Cost(wall_s=wall_s, cpu_s=150.0) for wall_s in (80.0, 90.0, 300.0)],
        parallel_renders.ROW.name: [Cost(wall_s=wall_s, cpu_s=160.0) for wall_s in (100.0, 100.0, 90.0)],
    }
    claim = parallel_renders.compared(costs, 10, 30.0, "draft", full=True)
    assert (claim.measured, claim.limit) == (pytest.approx(0.9), 0.85)
    assert parallel_renders.compared(costs, 4, 3.0, "draft", full=False).limit is None


def test_clips_lie_evenly_over_the_file() -> None:
    index = SourceIndex(format="mov", size_bytes=1, duration_ms=100_000, origin_us=0, seekable=True)
    found = parallel_renders.places(index, 3, 30.0)
    assert [(one.start_ms, one.end_ms) for one in found] == [(500, 30_500), (35_000, 65_000), (69_500, 99_500)]


def test_moviepy_is_held_by_the_processor_time_of_whole_clips() -> None:
    mine, others = [Cost(wall_s=30.0, cpu_s=20.0)], [Cost(wall_s=90.0, cpu_s=100.0)]
    claim = moviepy_peer.compared(mine, others, Encoding(), CLIP)
    assert (claim.measured, claim.limit) == (pytest.approx(0.2), 0.25)
    assert moviepy_peer.compared(mine, others, Encoding(), moviepy_peer.QUICK).limit is None


def asks() -> list[Ask]:
    clips = [{"exports": [{"export_id": "e"}]}]
    return mix({"project_id": "p"}, clips, {"upload_id": "u"}, f"key-{CUSTOMER}")


def test_the_mix_adds_up_and_holds_reads_and_writes() -> None:
    assert sum(ask.weight for ask in asks()) == 100
    assert {ask.method for ask in asks()} == {"GET", "POST"}
    assert all(ask.key for ask in asks() if ask.method == "POST")


def test_requests_come_by_their_weight() -> None:
    dice = random.Random(1)
    drawn = [draw(asks(), dice).name for _ in range(5000)]
    assert 0.25 < drawn.count("GET project") / 5000 < 0.31


def test_each_customer_repeats_its_own_key() -> None:
    repeated, fresh = (
        Ask(name="a", weight=1, path="/", key=f"k-{CUSTOMER}"),
        Ask(name="b", weight=1, path="/", key=FRESH),
    )
    assert headers_of(repeated, "x", 2)["Idempotency-Key"] == "k-2"
    assert headers_of(fresh, "x", 2)["Idempotency-Key"] != headers_of(fresh, "x", 2)["Idempotency-Key"]


def test_the_results_of_all_customers_are_joined() -> None:
    whole = joined(
        [LoadResult(times_ms={"a": [1.0]}, refused={"a: 409": 1}), LoadResult(times_ms={"a": [2.0], "b": [3.0]})]
    )
    assert whole == LoadResult(times_ms={"a": [1.0, 2.0], "b": [3.0]}, refused={"a: 409": 1})


def test_a_refused_request_misses_a_limit_of_its_own() -> None:
    latency, refused = claims_of(LoadResult(times_ms={"a": [1.0]}, refused={"a: 500": 1}), LoadResult())
    assert latency.met
    assert refused.met is False


def test_a_generator_stopped_at_once_sends_no_request() -> None:
    load = api_load.Load(host="127.0.0.1", port=9, api_key="k", asks=asks(), clients=1, per_second=1, seconds=60)
    heard, stop = LoadResult(), api_load.threading.Event()
    stop.set()
    api_load.Customer(load, 0, heard, stop).run()
    assert heard == LoadResult()


def test_a_client_gives_up_a_server_that_does_not_keep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_load, "MAX_LATE_S", 0.01)
    asks = [Ask(name="slow", weight=1, path="/")]
    load = Load(host="h", port=1, api_key="k", asks=asks, clients=1, per_second=100.0, seconds=60.0)
    result = LoadResult()
    customer = Customer(load, 0, result, threading.Event())
    monkeypatch.setattr(customer, "_ask", lambda *_, **__: time.sleep(0.05))
    customer.run()
    assert [name.startswith("load: ") for name in result.refused] == [True]
