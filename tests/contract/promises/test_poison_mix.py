"""Promise 6: each bad message among good ones becomes a dead letter with its place, and no good one waits.

Each bad message is signed, as from a producer whose program is wrong: of unsigned garbage a capped number is kept.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

import msgspec

from benchmarks.harness.claims import percentile
from tests.contract.runtime.test_poison import Rig, rig
from tests.support.soak import SEED, record, time_out, volume

__all__ = ["rig"]

GOOD = volume(200, 9_000)
BAD = volume(24, 1_000)
LARGE_BYTES = 600_000
KINDS: dict[str, Callable[[Rig], bytes]] = {
    "bad JSON": lambda rig: rig.body()[:-5],
    "another schema": lambda rig: rig.body(project_id="not an id"),
    "bad UTF-8": lambda rig: rig.body(title="x").replace(b'"x"', b'"\xff\xfe"'),
    "large": lambda rig: b"[" * 10 + b"x" * LARGE_BYTES,
    "nothing": lambda rig: b"",
    "a NUL": lambda rig: rig.body(title="a\0b"),
}


@time_out(3600)
async def test_each_bad_message_is_a_letter_and_no_good_one_waits(rig: Rig) -> None:
    dice, kinds = random.Random(SEED), list(KINDS)
    turns = dice.sample(["good"] * GOOD + [kinds[number % len(kinds)] for number in range(BAD)], GOOD + BAD)
    bad: dict[int, str] = {}
    wanted, after_good_s, after_bad_s, before = [], [], [], "good"
    for offset, turn in enumerate(turns):
        body = rig.body() if turn == "good" else KINDS[turn](rig)
        headers, begun_s = rig.headers(body), time.monotonic()
        outcome = await rig.take(body, headers)
        if turn == "good":
            assert outcome == "committed", (offset, outcome)
            wanted.append(msgspec.json.decode(body)["project_id"])
            (after_good_s if before == "good" else after_bad_s).append(time.monotonic() - begun_s)
        else:
            bad[offset] = turn
        before = turn
    assert [str(project_id) for project_id in rig.worked] == wanted
    letters = await rig.letters()
    assert Counter(letter["offset"] for letter in letters) == Counter(list(bad))
    for letter in letters:
        assert letter["topic"] == "uploads.v1"
        assert letter["reason"], bad[letter["offset"]]
        assert letter["detail"], bad[letter["offset"]]
        assert "ce_id" in letter["headers"], "what it was and where it came from is kept"
    ratio = percentile(after_bad_s, 0.5) / percentile(after_good_s, 0.5)
    record(
        6, f"{BAD} bad among {GOOD} good: {len(letters)} letters with their places; a good one after a bad {ratio:.2f}×"
    )
