"""Promise 6: each bad message among good ones becomes a dead letter with its place, and no good one waits.

Each bad message is signed, as from a producer whose program is wrong. Of what cannot even be decoded the letters of a
minute are capped (``letter_cap.py``): what is beyond the cap is counted.
Another consumer takes good messages alone, one beside each good one of the mixture: what both are compared by.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from core.settings import Settings
from streams.runtime.letter_cap import MAX_LETTERS_OF_SENDER_COUNT
from streams.runtime.metrics import UNKEPT
from tests.contract.rigs.postgres import new_org
from tests.contract.runtime.test_poison import Rig, rig
from tests.support.soak import SEED, bound, p95_ratio, record, time_out, volume

__all__ = ["rig"]

GOOD = volume(200, 9_000)
BAD = volume(24, 1_000)
RATIO_LIMIT = 1.2
LARGE_BYTES = 600_000
KINDS: dict[str, Callable[[Rig], bytes]] = {
    "bad JSON": lambda rig: rig.body()[:-5],
    "another schema": lambda rig: rig.body(project_id="not an id"),
    "bad UTF-8": lambda rig: rig.body(title="x").replace(b'"x"', b'"\xff\xfe"'),
    "large": lambda rig: b"[" * 10 + b"x" * LARGE_BYTES,
    "nothing": lambda rig: b"",
    "a NUL": lambda rig: rig.body(title="a\0b"),
}
DECODABLE = {"a NUL"}


async def good(rig: Rig) -> float:
    """Seconds that one good message takes."""
    body = rig.body()
    headers, begun_s = rig.headers(body), time.monotonic()
    assert await rig.take(body, headers) == "committed"
    return time.monotonic() - begun_s


def unkept_count(rig: Rig) -> int:
    """Letters beyond the cap, as the stage's metric counts them."""
    families = rig.metrics.registry.collect()
    return sum(int(one.value) for family in families for one in family.samples if one.name == UNKEPT.name)


@time_out(3600)
async def test_each_bad_message_is_a_letter_and_no_good_one_waits(rig: Rig, postgres: Settings) -> None:
    dice, kinds = random.Random(SEED), list(KINDS)
    turns = dice.sample(["good"] * GOOD + [kinds[number % len(kinds)] for number in range(BAD)], GOOD + BAD)
    clean = Rig(postgres, rig.pool, await new_org(postgres))
    bad: dict[int, str] = {}
    mixed_s, alone_s = list[float](), list[float]()
    for offset, turn in enumerate(turns):
        if turn == "good":
            both = ((rig, mixed_s), (clean, alone_s))
            for consumer, times_s in both if len(mixed_s) % 2 else reversed(both):
                times_s.append(await good(consumer))
        else:
            bad[offset] = turn
            body = KINDS[turn](rig)
            await rig.take(body, rig.headers(body))
    assert len(set(rig.worked)) == len(rig.worked) == GOOD
    letters = await rig.letters()
    unkept = unkept_count(rig)
    offsets = [letter["offset"] for letter in letters]
    assert len(set(offsets)) == len(offsets) == BAD - unkept
    assert set(offsets) <= set(bad)
    assert not unkept or len(letters) >= MAX_LETTERS_OF_SENDER_COUNT
    assert {offset for offset, kind in bad.items() if kind in DECODABLE} <= set(offsets), "the cap does not touch them"
    for letter in letters:
        assert letter["topic"] == "uploads.v1"
        assert letter["reason"], bad[letter["offset"]]
        assert letter["detail"], bad[letter["offset"]]
        assert "ce_id" in letter["headers"], "what it was and where it came from is kept"
    ratio = p95_ratio(alone_s, mixed_s)
    record(
        6, f"{BAD} bad among {GOOD} good: {len(letters)} letters with their places, {unkept} beyond the cap counted; "
        f"p95 of good ones {ratio:.2f}× alone",
    )  # fmt: skip
    assert ratio <= bound(RATIO_LIMIT)
