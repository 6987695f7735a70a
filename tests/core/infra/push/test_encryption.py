"""Web push is encrypted byte for byte as RFC 8291's example, and signed as RFC 8292 says."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from core.infra.push.encryption import MAX_PLAIN_BYTES, check_keys, decode_key, encode_key, encrypt
from core.infra.push.vapid import authorization, contact_of, new_vapid_key
from tests.support.browser import Browser

PLAIN = b"When I grow up, I want to be a watermelon"
PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
"""Source: RFC 8291, section 5."""


def test_the_example_of_the_rfc_is_met_byte_for_byte() -> None:
    key = ec.derive_private_key(int.from_bytes(decode_key(PRIVATE), "big"), ec.SECP256R1())
    body = encrypt(
        PLAIN, p256dh=decode_key(P256DH), auth=decode_key(AUTH), random=lambda _: decode_key(SALT), new_key=lambda: key
    )
    assert encode_key(body) == BODY


@pytest.mark.parametrize("size", [0, 1, MAX_PLAIN_BYTES])
def test_a_browser_reads_what_was_encrypted_for_it(size: int) -> None:
    browser = Browser()
    body = encrypt(b"x" * size, p256dh=decode_key(browser.p256dh), auth=decode_key(browser.auth))
    assert len(body) <= 4096
    assert browser.decrypt(body) == b"x" * size


def test_a_message_that_is_too_long_is_refused() -> None:
    browser = Browser()
    with pytest.raises(ValueError, match=f"at most {MAX_PLAIN_BYTES} bytes"):
        encrypt(b"x" * (MAX_PLAIN_BYTES + 1), p256dh=decode_key(browser.p256dh), auth=decode_key(browser.auth))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", AUTH),
        (P256DH[:-2], AUTH),
        ("B" + "A" * 86, AUTH),
        (P256DH, ""),
        (P256DH, AUTH[:-2]),
        (P256DH, AUTH + "AA"),
        ("ä" * 87, AUTH),
        (P256DH, "!" * 22),
    ],
)
def test_other_keys_than_those_of_browsers_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError):
        check_keys(p256dh, auth)


def test_keys_are_taken_with_padding_and_without() -> None:
    check_keys(P256DH, AUTH)
    check_keys(P256DH + "=", AUTH + "==")


def test_the_header_names_sender_and_service() -> None:
    key, now = new_vapid_key(), dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    header = authorization(key, "https://push.example.org:444/a/b?c", contact="mailto:ops@example.org", now=now)
    assert header.endswith(f", k={key.public_key}")
    token = header.removeprefix("vapid t=").partition(",")[0]
    point = decode_key(key.public_key)
    public = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": encode_key(point[1:33]), "y": encode_key(point[33:])})
    decoded = jwt.decode(token, public, algorithms=["ES256"])
    assert decoded.header == {"typ": "JWT", "alg": "ES256"}
    assert decoded.claims == {
        "aud": "https://push.example.org:444",
        "exp": int(now.timestamp()) + 12 * 3600,
        "sub": "mailto:ops@example.org",
    }


def test_the_contact_is_the_sender_of_mails() -> None:
    assert contact_of("Clips <clips@example.org>", "https://api.example.org") == "mailto:clips@example.org"
    assert contact_of("nothing", "https://api.example.org") == "https://api.example.org"
