"""API keys: shape, checksum, pepper."""

from __future__ import annotations

import pytest
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


def test_a_test_key_has_the_same_shape_and_its_own_prefix() -> None:
    minted = secrets.mint_api_key(PEPPER, test=True)
    assert minted.plain.startswith("clp_test_")
    assert secrets.check_api_key(minted.plain)
    assert not secrets.check_api_key(secrets.mint_api_key(PEPPER).plain)
    assert not secrets.looks_like_api_key(minted.plain.replace("clp_test_", "clp_live_"))


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ("", "begins neither with"),
        ("clp_prod_" + "0" * 36, "begins neither with"),
        ("clp_live_" + "0" * 35, "44 characters and not 45"),
        ("clp_live_" + "0" * 35 + "-", "neither letters nor digits"),
        ("clp_live_" + "0" * 35 + "\u0660", "neither letters nor digits"),
        ("clp_live_" + "0" * 36, "checksum is wrong"),
    ],
)
def test_other_texts_are_refused_with_a_reason(plain: str, told: str) -> None:
    assert not secrets.looks_like_api_key(plain)
    with pytest.raises(secrets.BadKeyError, match=told):
        secrets.check_api_key(plain)
