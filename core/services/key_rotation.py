"""Seals rows again under the newest secret of the key ring, and keeps the peppers of API keys.

Rows are taken in the order of their key, a batch a transaction; each is replaced only if it is still what was read. A
run that is cut off leaves rows of both secrets, which both open; the next run does what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from core.infra.key_ring import KeyRing, MissingSecretError, Purpose, secret_id_of
from core.infra.postgres.connection import Connection, Pool, transaction

BATCH_ROWS = 200
MAX_PASSES = 3
"""Passes over a table while processes still seal with an older ring."""


class SealedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of sealed bytes, and the columns of its table's primary key in their order."""

    table: str
    key: tuple[str, ...]
    column: str
    purpose: Purpose


SEALED = (
    SealedColumn(table="peppers", key=("pepper_id",), column="sealed", purpose="peppers"),
    SealedColumn(table="producer_keys", key=("org_id", "key_id"), column="secret_encrypted", purpose="secrets"),
    SealedColumn(
        table="webhook_endpoints", key=("org_id", "endpoint_id"), column="secret_encrypted", purpose="secrets"
    ),
    SealedColumn(
        table="webhook_former_secrets", key=("org_id", "endpoint_id", "secret_id"), column="secret_encrypted",
        purpose="secrets",
    ),
    SealedColumn(table="idempotency_keys", key=("org_id", "key"), column="body", purpose="idempotency"),
    SealedColumn(table="totp_secrets", key=("user_id",), column="sealed", purpose="second-factors"),
    SealedColumn(table="mails", key=("mail_id",), column="sealed", purpose="mails"),
    SealedColumn(table="push_subscriptions", key=("subscription_id",), column="sealed", purpose="push"),
    SealedColumn(table="installation_keys", key=("name",), column="sealed", purpose="push"),
)  # fmt: skip
"""Every column that holds what the key ring sealed."""


class Resealed(msgspec.Struct, kw_only=True):
    """The result of a run."""

    newest_id: str
    changed: dict[str, int] = {}
    """Rows sealed again, by table."""
    closed: list[str] = []
    """Rows that do not open, ``table/key``, with the reason."""
    left: int = 0
    """Rows of an older secret that came while it ran."""


async def reseal(pool: Pool, ring: KeyRing, *, batch_rows: int = BATCH_ROWS) -> Resealed:
    """Seal every row under the newest secret.

    ``pool`` is of the role ``clipstream_keys``. Raises Unavailable.
    """
    result = Resealed(newest_id=ring.newest_id)
    await keep_peppers(pool, ring)
    for sealed in SEALED:
        for _ in range(MAX_PASSES):
            result.left = await _pass(pool, ring, sealed, result, batch_rows)
            if not result.left:
                break
        if result.left:
            break
    return result


async def _pass(pool: Pool, ring: KeyRing, sealed: SealedColumn, result: Resealed, batch_rows: int) -> int:
    """Go through a table once; returns how many rows were of an older secret, and opened."""
    stale, after = 0, None
    while True:
        async with transaction(pool) as connection:
            rows = await _batch(connection, sealed, after, batch_rows)
            for row in rows:
                if secret_id_of(row[sealed.column]) != ring.newest_id:
                    stale += await _replace(connection, ring, sealed, row, result)
        if len(rows) < batch_rows:
            return stale
        after = [rows[-1][name] for name in sealed.key]


async def _batch(connection: Connection, sealed: SealedColumn, after: list[Any] | None, batch_rows: int) -> list[Any]:
    names = ", ".join(sealed.key)
    places = ", ".join(f"${place}" for place in range(2, len(sealed.key) + 2))
    beyond = f"and ({names}) > ({places})" if after else ""
    selection = f"select {names}, {sealed.column} from {sealed.table}"  # noqa: S608 - all names are those of SEALED
    statement = f"{selection} where {sealed.column} is not null {beyond} order by {names} limit $1"
    rows: list[Any] = await connection.fetch(statement, batch_rows, *(after or ()))
    return rows


async def _replace(connection: Connection, ring: KeyRing, sealed: SealedColumn, row: Any, result: Resealed) -> int:
    old = row[sealed.column]
    try:
        again = ring.seal(sealed.purpose, ring.open(sealed.purpose, old))
    except (ValueError, MissingSecretError) as error:
        name = f"{sealed.table}/{'/'.join(str(row[part]) for part in sealed.key)}: {error}"
        if name not in result.closed:
            result.closed.append(name)
        return 0
    same = " and ".join(f"{name} = ${place}" for place, name in enumerate(sealed.key, 3))
    statement = f"update {sealed.table} set {sealed.column} = $1"  # noqa: S608 - all names are those of SEALED
    unchanged = f"{statement} where {sealed.column} = $2 and {same}"
    await connection.execute(unchanged, again, old, *(row[name] for name in sealed.key))
    result.changed[sealed.table] = result.changed.get(sealed.table, 0) + 1
    return 1


async def keep_peppers(pool: Pool, ring: KeyRing) -> None:
    """Keep the pepper of each secret of the ring, sealed by the newest: API keys outlive the secrets."""
    async with transaction(pool) as connection:
        for secret_id in ring.ids():
            sealed = ring.seal("peppers", ring.derive("api-keys", secret_id))
            await connection.execute(
                "insert into peppers (pepper_id, sealed) values ($1, $2) on conflict do nothing", secret_id, sealed
            )


async def list_kept_peppers(connection: Connection, ring: KeyRing) -> Iterable[bytes]:
    """Peppers of secrets that left the ring. Raises MissingSecretError, and ValueError for changed bytes."""
    rows = await connection.fetch("select pepper_id, sealed from peppers order by created_at desc")
    return [ring.open("peppers", row["sealed"]) for row in rows if row["pepper_id"] not in ring.ids()]
