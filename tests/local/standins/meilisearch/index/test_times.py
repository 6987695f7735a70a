"""Times as Meilisearch's clients read them."""

from __future__ import annotations

import datetime as dt

from local.standins.meilisearch.index.store import time_text


def test_a_full_second_has_a_fraction_too() -> None:
    """One in a million has none by itself, and the stock client refuses it."""
    assert time_text(dt.datetime(2026, 11, 22, 10, 48, 4, tzinfo=dt.UTC)) == "2026-11-22T10:48:04.000000Z"
