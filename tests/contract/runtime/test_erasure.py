"""Erasure: a worker that ends at the same moment is not blocked, and no row keeps the words. Real Postgres."""

from __future__ import annotations

import asyncio
import base64
import uuid
from typing import Any

import pytest

from core.errors import InputRejected, Superseded
from core.infra.postgres.connection import org_transaction, transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.services.erasure import erase
from streams.runtime import dead_letters, leases
from streams.runtime.stage import Work
from tests.contract.rigs.attempt_rig import NOW, Rig, make_rig
from tests.contract.rigs.postgres import until_blocked
from tests.support.progress import HANG_S

__all__ = ["make_rig"]


class NoObjects:
    """A store with nothing in it."""

    async def delete_prefix(self, prefix: str) -> int:
        return 0


async def test_a_worker_may_end_while_its_project_is_erased(rig: Rig) -> None:
    attempts, _ = rig.attempts(lambda _: asyncio.sleep(0))
    cause = Cause(input_id=rig.message.input_id(rig.envelope, rig.event), source="ingest", now=NOW)
    held = await attempts._claim(rig.message, rig.event, cause, rig.envelope.time)
    assert isinstance(held, leases.Claim)
    owner = (rig.org_id, rig.project_id)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.erase_project(connection, *owner, Cause(input_id=uuid.uuid4(), source="api", now=NOW))
    objects: Any = NoObjects()
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.lock_project(connection, *owner)
        erasing = asyncio.create_task(erase(rig.worker, objects, rig.org_id, rig.project_id))
        await until_blocked(rig.worker)
        await asyncio.wait_for(leases.finish(connection, held, "cancelled"), HANG_S)
    await asyncio.wait_for(erasing, HANG_S)
    with pytest.raises(Superseded):
        async with org_transaction(rig.worker, rig.org_id) as connection:
            await leases.finish(connection, held, "done")


async def test_an_erasure_that_no_row_confirms_erases_nothing(rig: Rig) -> None:
    """Whoever can write to the topic could say it of any project."""
    objects: Any = None  # it would fail where the store was asked
    before = await rig.rows("select * from projects where org_id = $1 and project_id = $2")
    for org_id, project_id in ((rig.org_id, rig.project_id), (rig.org_id, uuid.uuid4())):
        with pytest.raises(InputRejected, match="no row calls"):
            await erase(rig.worker, objects, org_id, project_id)
    assert await rig.rows("select * from projects where org_id = $1 and project_id = $2") == before


WORDS = "words of the customer"
OF_PROJECT = """
select table_name from information_schema.columns where column_name = 'project_id' and table_schema = 'public'
"""


async def test_no_row_of_an_erased_project_holds_any_text(rig: Rig) -> None:
    """Every table with rows of a project, including those of later migrations."""

    async def refuses(work: Work) -> None:
        raise InputRejected("media.corrupt", f"Broken: {WORDS}.")

    assert await rig.run(refuses) == "refused"
    owner = (rig.org_id, rig.project_id)
    cause = Cause(input_id=uuid.uuid4(), source="ingest", now=NOW)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.add_warning(connection, *owner, f"transcript: {WORDS}")
        named = "update projects set title = $3, metadata = $3 where org_id = $1 and project_id = $2"
        await connection.execute(named, *owner, f'{{"said": "{WORDS}"}}')
        await dead_letters.record(connection, rig.message, "ingest", "bug", WORDS, cause, owner)
    letter = dead_letters.letter_of(
        rig.message, dead_id=uuid.uuid4(), stage="meilisearch", reason="bug", detail=WORDS, owner=owner
    )
    assert await says(rig, WORDS) == {"projects", "project_events", "attempts", "dead_letters", "outbox"}
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.erase_project(connection, *owner, Cause(input_id=uuid.uuid4(), source="api", now=NOW))
    async with transaction(rig.relay) as connection:
        await connection.execute("update outbox set published_at = now() where org_id = $1", rig.org_id)
    objects: Any = NoObjects()
    await erase(rig.worker, objects, rig.org_id, rig.project_id)
    await dead_letters.keep(rig.worker, letter)
    for said in (WORDS, base64.b64encode(WORDS.encode()).decode(), "example.org"):
        assert await says(rig, said) == set()
    assert [row[0] for row in await rig.rows("select state from projects where org_id = $1 and project_id = $2")] == [
        "erased"
    ]


OF_RELAY = {"outbox", "notifications"}
"""Tables that workers write and only the relay reads."""


async def says(rig: Rig, words: str) -> set[str]:
    """Tables with a row of the project that contains the words, as text, JSON or bytes."""
    found: set[str] = set()
    async with transaction(rig.worker) as connection:
        names = [row["table_name"] for row in await connection.fetch(OF_PROJECT)]
    for name in names:
        sql = f'select * from "{name}" where org_id = $1 and project_id = $2'
        async with org_transaction(rig.relay if name in OF_RELAY else rig.worker, rig.org_id) as connection:
            rows = await connection.fetch(sql, rig.org_id, rig.project_id)
        if any(words in str(value) for row in rows for value in row.values()):
            found.add(name)
    return found
