"""Links that turn mails of one kind off without a sign-in (RFC 8058); they are signed."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from core.infra.key_ring import KeyRing
from core.infra.push.encryption import decode_key, encode_key
from schemas.common import Value
from schemas.notifications import KINDS

PATH = "/v1/notifications/unsubscribe"
_NONE = UUID(int=0)
_MAC_BYTES = 16


class StopLink(Value, frozen=True, kw_only=True):
    """Whose mails of which kind a link turns off."""

    user_id: UUID
    org_id: UUID | None
    kind: str
    """A kind of the catalogue, or ``daily``: every kind whose mails wait for the daily one."""


def make_token(ring: KeyRing, link: StopLink) -> str:
    """The token of a link; it does not expire, as mails are kept."""
    return encode_key(_sign(ring.derive("unsubscribe"), _content(link))) + encode_key(_content(link))


def read_token(ring: KeyRing, token: str) -> StopLink | None:
    """The link of a token that any secret of the ring signed; None for every other text."""
    try:
        mac, content = decode_key(token[:22]), decode_key(token[22:])
        kind = content[32:].decode("ascii")
    except ValueError:
        return None
    is_whole = len(content) > 32 and encode_key(mac) + encode_key(content) == token
    if not is_whole or not (kind in KINDS or kind == "daily"):
        return None
    for secret_id in ring.ids():
        if hmac.compare_digest(_sign(ring.derive("unsubscribe", secret_id), content), mac):
            org_id = UUID(bytes=content[16:32])
            return StopLink(user_id=UUID(bytes=content[:16]), org_id=None if org_id == _NONE else org_id, kind=kind)
    return None


def _content(link: StopLink) -> bytes:
    return link.user_id.bytes + (link.org_id or _NONE).bytes + link.kind.encode("ascii")


def _sign(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()[:_MAC_BYTES]
