"""ID tokens without a network: which key of a set counts, each algorithm, random damage."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from core.infra.openid.faults import ProviderFault
from core.infra.openid.id_tokens import pick_key, read_claims, read_header

NOW = 1_800_000_000
CLAIMS = {"iss": "https://id.example", "aud": "c", "sub": "eve", "nonce": "n", "iat": NOW, "exp": NOW + 60}
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
KEYS: dict[str, Any] = {
    "RS256": RSA,
    "PS256": RSA,
    "ES256": ECKey.generate_key("P-256", {"kid": "p256"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "p384"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
PUBLIC = [dict(key.as_dict(private=False)) for name, key in KEYS.items() if name != "PS256"]


def token_of(alg: str, **changes: Any) -> str:
    key = KEYS[alg]
    return jwt.encode({"alg": alg, "kid": key.kid}, CLAIMS | changes, key, algorithms=[alg])


def claims_of(token: str, keys: list[dict[str, Any]] = PUBLIC, *, access_token: str = "t", now_s: float = NOW) -> Any:
    header = read_header(token)
    key = pick_key(keys, header)
    assert key is not None
    return read_claims(
        token, key, header, issuer=CLAIMS["iss"], client_id="c", nonce="n", access_token=access_token, now_s=now_s
    )


@pytest.mark.parametrize(
    ("alg", "digest"),
    [("RS256", "sha256"), ("PS256", "sha256"), ("ES256", "sha256"), ("ES384", "sha384"), ("Ed25519", "sha512")],
)
def test_each_algorithm_binds_the_access_token_by_its_own_hash(alg: str, digest: str) -> None:
    half = hashlib.new(digest, b"t").digest()
    at_hash = base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode()
    assert claims_of(token_of(alg, at_hash=at_hash))["sub"] == "eve"
    with pytest.raises(ProviderFault):
        claims_of(token_of(alg, at_hash=at_hash), access_token="other")


def test_a_token_without_a_key_id_needs_a_set_of_one() -> None:
    token = jwt.encode({"alg": "RS256"}, CLAIMS, RSA)
    assert claims_of(token)["sub"] == "eve", "one key of its kind"
    header = read_header(token)
    assert pick_key([*PUBLIC, PUBLIC[0] | {"kid": "second"}], header) is None
    assert pick_key([], header) is None


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "PS256"}, {"kty": "oct"}, {"kid": "other"}])
def test_keys_for_something_else_do_not_count(change: dict[str, str]) -> None:
    assert pick_key([PUBLIC[0] | change], read_header(token_of("RS256"))) is None


@pytest.mark.parametrize("change", [{"n": 7}, {"n": "!"}, {"e": ""}, {"n": "AQAB"}, {"n": None}])
def test_a_malformed_key_is_the_providers_fault(change: dict[str, Any]) -> None:
    with pytest.raises(ProviderFault):
        pick_key([PUBLIC[0] | change], read_header(token_of("RS256")))


def test_times_have_a_minute_of_leeway() -> None:
    token = token_of("Ed25519")
    for now_s in (NOW - 59, NOW + 119):
        assert claims_of(token, now_s=now_s)
    for now_s in (NOW - 61, NOW + 121):
        with pytest.raises(ProviderFault):
            claims_of(token, now_s=now_s)


GOOD = token_of("Ed25519")


@given(st.integers(0, len(GOOD) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_damaged_token_is_refused_and_breaks_nothing(at: int, letter: str) -> None:
    damaged = GOOD[:at] + letter + GOOD[at + 1 :]
    if at == len(GOOD) - 1 or damaged == GOOD:  # the last letter has bits that no signature reads
        return
    try:
        header = read_header(damaged)
        if (key := pick_key(PUBLIC, header)) is None:
            return
        read_claims(damaged, key, header, issuer=CLAIMS["iss"], client_id="c", nonce="n", access_token="t", now_s=NOW)
    except ProviderFault:
        return
    raise AssertionError(damaged)


@given(st.text(max_size=300))
def test_any_text_is_refused_by_a_fault(text: str) -> None:
    with pytest.raises(ProviderFault):
        read_header(text)
