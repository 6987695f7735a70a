"""What an answer means, and what of it the log keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports.outside import Response
from streams.deliver.outcome import MAX_LOGGED_BYTES, logged_headers, outcome_of, readable


@pytest.mark.parametrize(
    ("status", "is_taken", "final"),
    [(200, True, False), (204, True, False), (299, True, False), (199, False, False), (301, False, False),
     (304, False, False), (400, False, False), (410, False, True), (429, False, False), (500, False, False)],
)  # fmt: skip
def test_only_a_2xx_takes_a_message_and_a_410_ends_it(status: int, is_taken: bool, final: bool) -> None:
    outcome = outcome_of(Response(status=status, headers={}, body=b""))
    assert (outcome.error is None, outcome.final, outcome.is_gone) == (is_taken, final, final)
    assert outcome.status == status


@given(st.binary(max_size=3 * MAX_LOGGED_BYTES))
def test_any_answer_becomes_text_that_postgres_and_a_terminal_take(body: bytes) -> None:
    text = readable(body)
    assert len(text) <= MAX_LOGGED_BYTES
    assert all(sign in "\t\n" or sign.isprintable() or sign not in "\x00\x1b\x7f\u202e" for sign in text)
    assert "\x00" not in text
    text.encode()


def test_text_stays_as_it_is() -> None:
    assert readable("Nicht gefunden: größer als 5 €\r\n\tok".encode()) == "Nicht gefunden: größer als 5 €\n\tok"
    assert readable(b"\x1b[2Jx") == "\ufffd[2Jx"


def test_signatures_are_not_logged() -> None:
    sent = {"webhook-id": "m", "webhook-signature": "v1,c2VjcmV0 v1a,c2lnbmF0dXJl"}
    assert logged_headers(sent) == {"webhook-id": "m", "webhook-signature": "v1,… v1a,…"}
