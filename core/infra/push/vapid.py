"""VAPID (RFC 8292): the installation's key pair, and the header that says to a push service who sends."""

from __future__ import annotations

import datetime as dt
from email.utils import parseaddr
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from joserfc import jwt
from joserfc.jwk import ECKey

from core.infra.push.encryption import encode_key
from schemas.common import Value

TOKEN_LIFE = dt.timedelta(hours=12)
"""Life of a token; a push service takes at most 24 hours. Source: RFC 8292, section 2."""


class VapidKey(Value, frozen=True, kw_only=True):
    """A key pair of P-256."""

    public_key: str
    """Uncompressed point, base64url: `applicationServerKey` of browsers."""
    private_key: bytes
    """PKCS 8, DER."""


def new_vapid_key() -> VapidKey:
    """A new key pair."""
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return VapidKey(
        public_key=encode_key(point),
        private_key=key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )


def authorization(key: VapidKey, endpoint: str, *, contact: str, now: dt.datetime) -> str:
    """The header `Authorization` of a push to an endpoint."""
    url = urlsplit(endpoint)
    claims = {
        "aud": f"{url.scheme}://{url.netloc}",
        "exp": int((now + TOKEN_LIFE).timestamp()),
        "sub": contact,
    }
    private = load_der_private_key(key.private_key, None)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(pem), algorithms=["ES256"])
    return f"vapid t={token}, k={key.public_key}"


def contact_of(sender: str, public_address: str) -> str:
    """Where the push service reaches the operator: the sender of mails, or the installation's address."""
    address = parseaddr(sender)[1]
    return f"mailto:{address}" if "@" in address else public_address
