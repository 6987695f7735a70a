"""The statement that sets the organisation accepts a UUID only. Opens no connection."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg.pgproto.pgproto as pgproto
import pytest

from core.infra.postgres.connection import org_statement

ORG = UUID("11111111-1111-5111-8111-111111111111")


class Liar(UUID):
    """A UUID by type, with a text of its own choice."""

    def __str__(self) -> str:
        return "'); drop table projects; --"


def test_the_wall_is_one_statement_of_the_ids_own_digits() -> None:
    wall = f"select set_config('app.org', '{ORG}', true)"
    assert [org_statement(ORG), org_statement(Liar(str(ORG))), org_statement(pgproto.UUID(str(ORG)))] == [wall] * 3


@pytest.mark.parametrize("wrong", [str(ORG), "x', true); drop table projects; --", None, b"1" * 16, 1])
def test_a_value_that_is_not_a_uuid_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is a UUID"):
        org_statement(wrong)
