"""Rows of token buckets that all processes of the API share."""

from __future__ import annotations

from core.infra.postgres.connection import Connection
from schemas.common import Value

_TAKE = """
insert into rate_buckets as bucket (name, tokens, at, granted)
values ($1, $2::float8 - least($4::int, floor($2::float8)), clock_timestamp(), least($4::int, floor($2::float8)))
on conflict (name) do update set (tokens, granted, at) = (
  select full_by_now.tokens - taken.count, taken.count, clock_timestamp()
  from (select least($2::float8, bucket.tokens
    + greatest(0, extract(epoch from clock_timestamp() - bucket.at)) * $3::float8) as tokens) full_by_now,
  lateral (select least($4::int, floor(full_by_now.tokens))::int as count) taken)
returning granted, tokens
"""


class TakenTokens(Value, frozen=True, kw_only=True):
    """What was taken out of a bucket."""

    count: int
    """Tokens that were taken; 0: there was less than one."""
    left: float
    """Tokens that are left."""


async def take_tokens(connection: Connection, name: str, *, size: float, rate_s: float, count: int) -> TakenTokens:
    """Take up to ``count`` tokens of a bucket of ``size``, which refills by ``rate_s`` tokens a second."""
    row = await connection.fetchrow(_TAKE, name, size, rate_s, count)
    return TakenTokens(count=row["granted"], left=row["tokens"])
