"""Passwords of a stack's services: made once, readable by their owner only, never in stack.json."""

from __future__ import annotations

import base64
import secrets

import msgspec

from local.config.state import Layout, write_private


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """One value a part."""

    postgres_superuser: str
    postgres_owner: str
    postgres_api: str
    postgres_worker: str
    postgres_relay: str
    s3_access_key: str
    s3_secret_key: str
    clickhouse: str
    search: str
    product: str
    """Base64 of 32 bytes: CLIPSTREAM_SECRET."""


def load_or_make(layout: Layout) -> Secrets:
    """The stack's secrets; made at the first start."""
    if layout.secrets.is_file():
        return msgspec.json.decode(layout.secrets.read_bytes(), type=Secrets)
    product = base64.b64encode(secrets.token_bytes(32)).decode()
    names = (field.name for field in msgspec.structs.fields(Secrets))
    made = Secrets(**{name: secrets.token_hex(16) for name in names} | {"product": product})
    write_private(layout.secrets, msgspec.json.encode(made))
    return made
