"""API keys: shape, checksum, pepper."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.infra import secrets

PEPPER = b"s" * 32


def test_a_minted_key_has_the_published_shape() -> None:
    minted = secrets.mint_api_key(PEPPER)
    assert minted.plain.startswith("clp_live_")
    assert len(minted.plain) == 9 + 30 + 6
    assert secrets.looks_like_api_key(minted.plain)
    assert minted.hash == secrets.hash_api_key(PEPPER, minted.plain)
    assert minted.plain.endswith(minted.last4)


def test_the_hash_depends_on_the_installation() -> None:
    minted = secrets.mint_api_key(PEPPER)
    assert secrets.hash_api_key(b"t" * 32, minted.plain) != minted.hash


@given(st.integers(0, 44), st.sampled_from(secrets.ALPHABET))
def test_one_changed_character_is_noticed(place: int, letter: str) -> None:
    plain = secrets.mint_api_key(PEPPER, lambda n: bytes(range(n))).plain
    changed = plain[:place] + letter + plain[place + 1 :]
    assert secrets.looks_like_api_key(changed) == (changed == plain)
