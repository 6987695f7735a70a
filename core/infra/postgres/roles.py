"""Postgres's roles, one for each kind of process; the grants stand in schemas/postgres.

No role bypasses row-level security, the owner neither. A role can log in once a migration was given its address.
"""

from __future__ import annotations

from schemas.stages import STAGES

API, RELAY, KEYS, ERASURE = "clipstream_api", "clipstream_relay", "clipstream_keys", "clipstream_erasure"
"""Of the API; of relay and sweeper; of `python -m streams --reseal`; of the part of the relay that erases."""
BOOTSTRAP = "clipstream_bootstrap"
"""Of `python -m streams --bootstrap`."""
WORKER = "clipstream_worker"
"""Everything that the stages, sinks and erasure may do together: for installations that do not tell them apart."""
OF_STAGE: dict[str, str] = {stage: f"clipstream_{stage}" for stage in STAGES}
OF_SINK: dict[str, str] = {sink: f"clipstream_{sink}" for sink in ("clickhouse", "meilisearch")}
ROLES = (API, WORKER, RELAY, KEYS, ERASURE, BOOTSTRAP, *OF_STAGE.values(), *OF_SINK.values())
