"""Pauses between tries of a delivery (10 over about 75 h) and of an endpoint that fails. Pure.

Source: Standard Webhooks, "Deliverability".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

TRIES_AFTER_S = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
MAX_ATTEMPTS = len(TRIES_AFTER_S) + 1
MAX_RETRY_AFTER_S = 24 * 3600
MAX_AGE_S = sum(TRIES_AFTER_S)
"""Age at which a delivery is sent once more, even to a paused endpoint, and then given up."""
MAX_FAILURES_COUNT = 5
"""Tries in a row that fail before an endpoint is paused. Source: the default of Envoy's outlier detection."""
ENDPOINT_PAUSES_S = (30, 2 * 60, 10 * 60, 30 * 60, 60 * 60)
"""Pauses of an endpoint, one after the other, while each probe fails; the last repeats."""


HOLD_S = 15 * 60
"""Pause of a delivery whose endpoint a person lets rest."""


def next_try(
    attempt: int, now: dt.datetime, headers: Mapping[str, str] | None = None, spread: float = 0.0
) -> dt.timedelta | None:
    """Pause after failed try ``attempt`` (from 1), or None after the last.

    A ``Retry-After`` makes the pause longer, never shorter. ``spread`` in [0, 1] adds up to a tenth, so that many
    deliveries do not come back at once.
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    pause_s: float = TRIES_AFTER_S[attempt - 1] * (1 + 0.1 * spread)
    asked_s = _retry_after_s((headers or {}).get("retry-after", ""), now)
    return dt.timedelta(seconds=max(pause_s, min(asked_s, MAX_RETRY_AFTER_S)))


def _retry_after_s(text: str, now: dt.datetime) -> float:
    """Seconds that a ``Retry-After`` asks for (RFC 9110, 10.2.3); 0 for what it may not be."""
    if re.fullmatch("[0-9]{1,12}", text):  # a receiver may answer anything, also more digits than int() takes
        return int(text)
    if len(text) > 40:
        return 0
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return (moment.replace(tzinfo=moment.tzinfo or dt.UTC) - now).total_seconds()


def endpoint_pause(pauses: int) -> dt.timedelta:
    """Length of an endpoint's next pause, after ``pauses`` in a row."""
    return dt.timedelta(seconds=ENDPOINT_PAUSES_S[min(pauses, len(ENDPOINT_PAUSES_S) - 1)])
