"""The promises of reliability as a table: text, limit, and the tests that show it.

The numbers are those of the project's list of promises; the missing ones (signatures, walls, load …) have other tests.
A test is small in ``make test`` and large in ``make soak`` (``tests/support/soak.py``).
"""

from __future__ import annotations

import msgspec

CONTRACT = "tests/contract"
OWN = f"{CONTRACT}/promises"
SERIES = (1, 2, 3, 4, 5, 27, 28)
"""Promises on which the kill series bears too: whole projects, on the whole stack."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One promise."""

    number: int
    text: str
    limit: str
    tests: tuple[str, ...]
    """Files or single tests, as pytest names them, that have a long form or a figure: `make soak` runs them."""
    also: tuple[str, ...] = ()
    """Tests of one size that bear on it: they run in `make test`."""


PROMISES: tuple[Promise, ...] = (
    Promise(
        number=1,
        text="What was answered with 202 is never lost",
        limit="0 of 5,000 lost, 30 kills",
        tests=(f"{OWN}/test_accepted_set.py",),
        also=("tests/e2e/test_outages.py",),
    ),
    Promise(
        number=2,
        text="At least once in, once in effect",
        limit="0 double effects; 20 kills of three brokers",
        tests=(f"{OWN}/test_accepted_set.py", f"{CONTRACT}/runtime/test_three_brokers.py"),
        also=(f"{CONTRACT}/runtime/test_costs.py", "tests/e2e/test_faults.py"),
    ),
    Promise(
        number=3,
        text="Another worker takes over from one that was lost",
        limit="p95 ≤ 15 s; 1 … 12 workers, none idle",
        tests=(f"{CONTRACT}/runtime/test_rebalance.py",),
        also=("tests/e2e/test_faults.py",),
    ),
    Promise(
        number=4,
        text="A worker that wakes up past its lease changes nothing",
        limit="0 stale writes in 50 rounds",
        tests=(f"{OWN}/test_zombies.py",),
        also=(f"{CONTRACT}/runtime/test_attempts.py", "tests/e2e/test_faults.py"),
    ),
    Promise(
        number=5,
        text="A worker that does nothing any more is noticed, and ends",
        limit="ends within 60 s",
        tests=(f"{CONTRACT}/runtime/test_stall.py",),
        also=(f"{CONTRACT}/runtime/test_watchdog.py",),
    ),
    Promise(
        number=6,
        text="A message that cannot be read blocks no other",
        limit="each a dead letter, or counted beyond 100 a minute of a sender; a good one's p95 ≤ 1.2×",
        tests=(f"{OWN}/test_poison_mix.py",),
        also=(f"{CONTRACT}/runtime/test_poison.py", f"{CONTRACT}/runtime/test_breaker.py"),
    ),
    Promise(
        number=7,
        text="Retries of one organisation delay no other",
        limit="p95 of the others ≤ 1.2×",
        tests=(f"{OWN}/test_retry_neighbours.py",),
        also=(f"{CONTRACT}/runtime/test_giving_up.py", f"{CONTRACT}/runtime/test_admission.py"),
    ),
    Promise(
        number=8,
        text="A POST with an Idempotency-Key has one effect",
        limit="200 at once: 1 object, equal answers",
        tests=(f"{OWN}/test_accepted_set.py", f"{OWN}/test_one_effect.py"),
        also=(f"{CONTRACT}/api/test_api_postgres.py",),
    ),
    Promise(
        number=9,
        text="A webhook arrives, or its end is reported",
        limit="0 lost; a crash repeats only what was in flight, once (20 kills)",
        tests=(f"{CONTRACT}/stages/test_delivery_day.py", f"{CONTRACT}/stages/test_killed_sender.py"),
        also=(
            f"{CONTRACT}/stages/test_deliver.py",
            f"{CONTRACT}/resources/test_webhooks.py",
            "tests/e2e/test_faults.py",
        ),
    ),
    Promise(
        number=11,
        text="One bad endpoint harms no other",
        limit="3 of 6 of an organisation hang: the others p95 ≤ 2 s",
        tests=(f"{CONTRACT}/stages/test_delivery_day.py",),
        also=(f"{CONTRACT}/stages/test_deliver.py",),
    ),
    Promise(
        number=12,
        text="Nothing is fetched from, or sent to, an address inside",
        limit="0 packets, ≥ 80 vectors",
        tests=("tests/core/infra/http/test_public_addresses.py", f"{CONTRACT}/access/test_inside_urls.py"),
        also=(f"{CONTRACT}/api/test_outside.py",),
    ),
    Promise(
        number=13,
        text="Hostile media stay in their child",
        limit="0 workers end; each a typed reason",
        tests=(f"{OWN}/test_mutants.py",),
        also=(f"{CONTRACT}/media/test_hostile_media.py", "tests/core/media/sandbox/test_attacks.py"),
    ),
    Promise(
        number=14,
        text="Bombs are refused, or read as what they are",
        limit="≤ 2 s of processor time, ≤ 300 MB",
        tests=(f"{CONTRACT}/media/test_hostile_media.py",),
    ),
    Promise(
        number=15,
        text="A full disk loses nothing",
        limit="retried, nothing half visible, goes on",
        tests=(f"{OWN}/test_full_disk.py",),
        also=("tests/ingest/test_partial_downloads.py",),
    ),
    Promise(
        number=16,
        text="A cut upload is resumed bit by bit",
        limit="1,000 of 1,000 resumed exactly",
        tests=(f"{OWN}/test_cut_uploads.py", f"{OWN}/test_cut_tus.py", f"{OWN}/test_upload_memory.py"),
        also=(f"{CONTRACT}/api/test_api_uploads.py", f"{CONTRACT}/resources/test_tus.py"),
    ),
    Promise(
        number=20,
        text="Analytics count exactly",
        limit="equal after 20 kills of the sink",
        tests=(f"{CONTRACT}/sinks/test_sinks.py",),
        also=(f"{CONTRACT}/sinks/test_analytics.py",),
    ),
    Promise(
        number=26,
        text="Slow clients do not disturb others",
        limit="1,000 slow heads, 200 slow bodies: p99 ≤ 250 ms, +≤ 100 MB",
        tests=(f"{OWN}/test_slow_clients.py",),
        also=(f"{CONTRACT}/api/test_api_server.py",),
    ),
    Promise(
        number=27,
        text="The API survives the outage of each part",
        limit="503, or an answer without that part, ≤ 2 s; /readyz ≤ 10 s, back ≤ 30 s, 0 lost",
        tests=(f"{OWN}/test_dependency_outages.py",),
        also=("tests/e2e/test_outages.py",),
    ),
    Promise(
        number=28,
        text="A deployment is not noticed",
        limit="10 restarts at 50 requests/s: 0 answers of 5xx, drain ≤ 30 s",
        tests=(f"{OWN}/test_rolling_restart.py",),
        also=(f"{CONTRACT}/api/test_api_server.py",),
    ),
    Promise(
        number=29,
        text="A wrong clock does no harm",
        limit="±10 min, ±400 d, steps: 0 negative durations, order kept",
        tests=(f"{OWN}/test_wrong_clocks.py",),
    ),
)
