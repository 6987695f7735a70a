"""Keys of access tokens follow the key ring."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.services.identity.access_tokens import AccessTokens
from core.settings import NamedSecret
from tests.support.keys import named_ring, ring_of

NOW = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)
USER, SESSION, ORG = (UUID(int=number) for number in (1, 2, 3))
FIRST, SECOND = b"1" * 32, b"2" * 32


def tokens_of(ring: object, now: dt.datetime = NOW) -> AccessTokens:
    return AccessTokens(ring, issuer="https://a.example", life=dt.timedelta(minutes=10), clock=lambda: now)  # type: ignore[arg-type]


def test_a_token_says_who_and_until_when() -> None:
    tokens = tokens_of(ring_of(FIRST))
    claims = tokens.verify(tokens.issue(USER, SESSION, ORG))
    assert claims is not None
    assert (claims.user_id, claims.session_id, claims.org_id) == (USER, SESSION, ORG)
    assert tokens.left_s(claims) == 600
    without = tokens.verify(tokens.issue(USER, SESSION, None))
    assert without is not None
    assert without.org_id is None


def test_tokens_outlive_a_rotation_while_their_secret_opens() -> None:
    issued = tokens_of(named_ring(k1=FIRST)).issue(USER, SESSION, ORG)
    rotated = tokens_of(named_ring(k2=SECOND, k1=FIRST))
    assert rotated.verify(issued) is not None
    assert [key["kid"] for key in rotated.jwks()["keys"]] == [
        tokens_of(named_ring(**{name: secret})).jwks()["keys"][0]["kid"]
        for name, secret in (("k2", SECOND), ("k1", FIRST))
    ]
    assert tokens_of(named_ring(k2=SECOND)).verify(issued) is None
    over = named_ring(k2=SECOND, k1=FIRST, until={"k1": NOW - dt.timedelta(seconds=1)}, now=NOW)
    assert tokens_of(over).verify(issued) is None
    assert len(tokens_of(over).jwks()["keys"]) == 1


def test_a_process_follows_its_ring() -> None:
    ring = [NamedSecret(id="k1", secret=FIRST)]

    class Live:
        def ids(self) -> tuple[str, ...]:
            return tuple(secret.id for secret in ring)

        def derive(self, purpose: str, secret_id: str | None = None) -> bytes:
            return next(secret.secret for secret in ring if secret.id == secret_id)

    tokens = tokens_of(Live())
    before = tokens.jwks()
    ring.insert(0, NamedSecret(id="k2", secret=SECOND))
    assert len(tokens.jwks()["keys"]) == 2
    assert before["keys"][0] in tokens.jwks()["keys"]


def test_no_private_part_is_published() -> None:
    (key,) = tokens_of(ring_of(FIRST)).jwks()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_token_ends_on_time() -> None:
    issued = tokens_of(ring_of(FIRST)).issue(USER, SESSION, ORG)
    for minutes, counts in ((9, True), (10, False), (-1, False)):
        later = tokens_of(ring_of(FIRST), NOW + dt.timedelta(minutes=minutes))
        assert (later.verify(issued) is not None) is counts, minutes
