"""The key ring: derivation, sealing under ids, secrets that leave, files that change."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from core.infra.key_ring import MissingSecretError, open_key_ring, secret_id_of
from core.settings import MissingSettingError, load_settings, parse_secrets
from tests.contract.rigs.servers import make_settings
from tests.support.keys import named_ring, ring_of

OLD, NEW = b"o" * 32, b"n" * 32
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def sealed_before(secret: bytes, purpose: str, plain: bytes) -> bytes:
    """As the code before key rings did: ``nonce || ciphertext || tag``."""
    key = hmac.new(secret, b"clipstream/" + purpose.encode(), hashlib.sha256).digest()
    return bytes(12) + AESGCM(key).encrypt(bytes(12), plain, purpose.encode())


@given(st.binary(max_size=300))
def test_sealed_bytes_open_again_and_only_unchanged(plain: bytes) -> None:
    for ring in (ring_of(OLD), named_ring(k1=OLD)):
        sealed = ring.seal("secrets", plain)
        assert ring.open("secrets", sealed) == plain
        with pytest.raises(ValueError, match="does not open"):
            ring.open("idempotency", sealed)
        with pytest.raises(ValueError, match="does not open"):
            ring.open("secrets", sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_bytes_sealed_without_a_secret_id_open() -> None:
    sealed = sealed_before(OLD, "secrets", b"whsec_x")
    assert secret_id_of(sealed) == ""
    for ring in (ring_of(OLD), named_ring(k2=NEW, **{"": OLD})):
        assert ring.open("secrets", sealed) == b"whsec_x"
    with pytest.raises(MissingSecretError, match="without an id"):
        named_ring(k2=NEW).open("secrets", sealed)


def test_a_new_secret_seals_and_the_old_one_still_opens() -> None:
    old, both = named_ring(k1=OLD), named_ring(k2=NEW, k1=OLD)
    sealed = old.seal("secrets", b"x")
    assert both.open("secrets", sealed) == b"x"
    assert secret_id_of(sealed) == "k1"
    assert secret_id_of(both.seal("secrets", b"x")) == "k2"


def test_a_missing_and_a_wrong_secret_are_distinguished() -> None:
    sealed = named_ring(k1=OLD).seal("secrets", b"x")
    with pytest.raises(MissingSecretError, match="'k1' is not in it: put it back into CLIPSTREAM_SECRETS"):
        named_ring(k2=NEW).open("secrets", sealed)
    with pytest.raises(ValueError, match="the secret 'k1' is another one"):
        named_ring(k1=NEW).open("secrets", sealed)


def test_purposes_and_ids_have_keys_of_their_own() -> None:
    ring = named_ring(k2=OLD, k1=OLD)
    keys = {ring.derive(purpose, name) for purpose in ("secrets", "cursors", "peppers") for name in ("k1", "k2")}
    assert len(keys) == 6


def test_a_secret_opens_until_its_end_and_the_newest_always() -> None:
    ends = {"k2": NOW, "k1": NOW}
    before = named_ring(k2=NEW, k1=OLD, until=ends, now=NOW - dt.timedelta(seconds=1))
    assert before.ids() == ("k2", "k1")
    assert named_ring(k2=NEW, k1=OLD, until=ends, now=NOW).ids() == ("k2",)


def test_the_nameless_secret_comes_last() -> None:
    made = parse_secrets(f"k2:{text(NEW)},\n k1:{text(OLD)}:20260101T000000Z")
    assert [(named.id, named.opens_until) for named in made] == [("k2", None), ("k1", NOW)]
    assert open_key_ring(make_settings(secrets=made[:1], secret=OLD)).ids() == ("k2", "")


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        ("k1", "an entry is `id:secret`"),
        ("K1:" + text(OLD), "an entry is `id:secret`"),
        ("k1:" + text(b"short"), "must be 32 bytes in base64, not 5"),
        (f"k1:{text(OLD)},k1:{text(NEW)}", "the id 'k1' stands there twice"),
        (f"k1:{text(OLD)}:tomorrow", "does not match format"),
    ],
)
def test_an_unusable_ring_says_why_and_shows_no_secret(ring: str, said: str) -> None:
    names = ("KAFKA", "POSTGRES_API", "POSTGRES_WORKER", "POSTGRES_RELAY", "S3", "S3_ACCESS_KEY", "S3_SECRET_KEY",
             "TRITON", "CLICKHOUSE", "MEILISEARCH", "MEILISEARCH_KEY")  # fmt: skip
    environ = {f"CLIPSTREAM_{name}": "x" for name in names} | {"CLIPSTREAM_SECRETS": ring}
    with pytest.raises(MissingSettingError, match=said) as caught:
        load_settings(environ, "api")
    assert text(OLD) not in str(caught.value)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(MissingSettingError, match="CLIPSTREAM_SECRET is not set"):
        open_key_ring(make_settings(secret=b""))


def test_a_process_follows_the_file_and_keeps_its_last_state(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    with pytest.raises(MissingSettingError, match="CLIPSTREAM_SECRETS_FILE is not usable"):
        open_key_ring(make_settings(secret=b"", secrets_file=file))
    file.write_text(f"k1:{text(OLD)}\n")
    ring = open_key_ring(make_settings(secret=b"", secrets_file=file))
    sealed = ring.seal("secrets", b"x")
    replacement = tmp_path / "new"
    replacement.write_text(f"k2:{text(NEW)}\nk1:{text(OLD)}\n")
    replacement.replace(file)
    assert ring.ids() == ("k2", "k1")
    assert ring.open("secrets", sealed) == b"x"
    file.write_text("garbage")
    assert ring.ids() == ("k2", "k1")
