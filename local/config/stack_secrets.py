"""Passwords of a stack's services: made once, readable by their owner only, never in stack.json."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import msgspec

from local.config.state import Layout, write_private

FIRST_ID = "k1"
"""Id of the first secret of a new stack's key ring."""


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """One value a part."""

    postgres_superuser: str
    postgres_owner: str
    postgres_api: str
    postgres_worker: str
    postgres_relay: str
    postgres_keys: str
    postgres_roles: str
    """The passwords of the other roles are derived from it (`role_password`)."""
    s3_access_key: str
    """Key of the store's administrator, as which the supervisor probes it."""
    s3_secret_key: str
    s3_processes: str
    """The secret keys of the processes are derived from it (`process_key`)."""
    clickhouse: str
    search: str
    kafka: str
    """Passwords of its users are derived from it."""
    product: str
    """Base64 of 32 bytes: the first secret of the key ring."""


def load_or_make(layout: Layout) -> Secrets:
    """The stack's secrets; made at the first start, completed where a newer version needs more."""
    stored: dict[str, str] = msgspec.json.decode(layout.secrets.read_bytes()) if layout.secrets.is_file() else {}
    names = [field.name for field in msgspec.structs.fields(Secrets)]
    new = {name: secrets.token_hex(16) for name in names} | {"product": new_secret()}
    stack_secrets = msgspec.convert(new | stored, Secrets)
    if not layout.key_ring.exists():  # a stack of before there were ids sealed with a secret that has none
        write_private(layout.key_ring, f"{'' if stored else FIRST_ID}:{stack_secrets.product}\n".encode())
    if set(names) - set(stored):
        write_private(layout.secrets, msgspec.json.encode(stack_secrets))
    return stack_secrets


def role_password(secrets_: Secrets, role: str) -> str:
    """The password of a role of Postgres, of 32 hexadecimal digits."""
    return _derive(secrets_.postgres_roles, role)


def process_key(secrets_: Secrets, process: str) -> tuple[str, str]:
    """Access key and secret key of a process for the object store."""
    return f"clipstream-{process}", _derive(secrets_.s3_processes, process)


def _derive(secret: str, name: str) -> str:
    return hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]


def new_secret() -> str:
    """Base64 of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def kafka_password(stack_secrets: Secrets, user: str) -> str:
    """The password of one user of Kafka."""
    return hmac.new(stack_secrets.kafka.encode(), user.encode(), hashlib.sha256).hexdigest()
