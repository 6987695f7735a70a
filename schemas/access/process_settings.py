"""Addresses with passwords, and secrets, that each process gets: its own, and no other.

Deployments hand them out by this table, and ``load_settings`` reads no other of them for a process: one that uses a
setting which is not listed finds it empty, in every deployment alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.stages import STAGES

GUARDED = frozenset({
    "kafka", "kafka_user", "kafka_password", "kafka_key", "kafka_users",
    "postgres_owner", "postgres_api", "postgres_worker", "postgres_relay", "postgres_keys", "postgres_bootstrap",
    "postgres_roles",
    "s3_access_key", "s3_secret_key", "clickhouse", "meilisearch", "meilisearch_key",
    "secret", "secrets", "secrets_file", "writer_key", "smtp", "stripe_key", "stripe_webhook_secret",
    "sign_in_provider_secrets",
})  # fmt: skip
"""Settings that hold a secret, or lead to data: a process gets those of its row below."""
OPTIONAL = frozenset({
    "kafka_user", "kafka_password", "kafka_key", "postgres_keys", "postgres_roles",
    "secret", "secrets", "secrets_file", "writer_key", "smtp", "stripe_key", "stripe_webhook_secret",
    "sign_in_provider_secrets",
})  # fmt: skip
"""Those that may be empty where a process gets them; of the key ring one is needed (`open_key_ring`)."""
RING = frozenset({"secret", "secrets", "secrets_file"})
_OBJECTS = frozenset({"s3_access_key", "s3_secret_key"})
_SEARCH = frozenset({"meilisearch", "meilisearch_key"})
_KAFKA = frozenset({"kafka", "kafka_user", "kafka_password", "kafka_key"})
_LET_IN = frozenset({"postgres_worker", "postgres_bootstrap"})
_STAGE = _KAFKA | {"postgres_worker"} | _OBJECTS
_OF_STAGE: Mapping[str, frozenset[str]] = {
    "ingest": _STAGE | RING,
    "study": _STAGE | {"writer_key"},
    "detect": _STAGE | {"writer_key"},
    "deliver": _KAFKA | {"postgres_worker"} | RING,
}
SETTINGS_OF: Mapping[str, frozenset[str]] = {
    "api": _KAFKA | {"postgres_api", "clickhouse", "stripe_key", "stripe_webhook_secret",
                     "sign_in_provider_secrets"} | _OBJECTS | _SEARCH | RING,
    "relay": _KAFKA | {"postgres_relay", "postgres_worker", "smtp", "stripe_key"} | _OBJECTS | RING,
    **{stage: _OF_STAGE.get(stage, _STAGE) for stage in STAGES},
    "sink-clickhouse": _KAFKA | {"postgres_worker", "clickhouse"} | _OBJECTS | RING,
    "sink-meilisearch": _KAFKA | {"postgres_worker"} | _OBJECTS | _SEARCH,
    "migrate": _KAFKA | _OBJECTS | _SEARCH | {"postgres_owner", "postgres_api", "postgres_worker", "postgres_relay",
                                              "postgres_keys", "postgres_bootstrap", "postgres_roles", "clickhouse"},
    "bootstrap": frozenset({"postgres_bootstrap"}) | RING,
    "kafka-users": _KAFKA | {"kafka_users"},
    "reseal": frozenset({"postgres_keys"}) | RING,
    "rewind": _KAFKA,
    "grow-topics": _KAFKA,
    "policies": frozenset(),
}  # fmt: skip
"""Process → its guarded settings. ``postgres_worker`` is the address of its own role; the relay's: of erasure's."""


def needed_by(process: str) -> frozenset[str]:
    """Guarded settings without which a process does not start."""
    # which roles have an address is up to who migrates
    return SETTINGS_OF[process] - OPTIONAL - (_LET_IN if process == "migrate" else frozenset())


def foreign_variables(process: str, prefix: str) -> frozenset[str]:
    """Names of the variables that are not for a process. Raises KeyError for an unknown one."""
    return frozenset(prefix + name.upper() for name in GUARDED - SETTINGS_OF[process])
