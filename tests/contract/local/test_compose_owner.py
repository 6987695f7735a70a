"""The owner that compose's job makes: no superuser, and enough for a migration, in a new volume and an old one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from core.infra.postgres.migrations import migrate_postgres
from core.infra.postgres.roles import ROLES
from core.settings import Settings
from tests.contract.rigs.compose_file import FOLDER, read_compose
from tests.contract.rigs.postgres import BIN, PASSWORD, new_org, run_postgres

JOB = read_compose()["services"]["postgres-owner"]
OWNERS = "it's a \\ password"


@pytest.fixture(scope="module")
def server() -> Iterator[Settings]:
    """A server whose schema the superuser made, as compose's was."""
    with run_postgres() as settings:
        yield settings


def run_job(settings: Settings) -> None:
    address = urlsplit(settings.postgres_owner)
    (mounted,) = [volume.split(":") for volume in JOB["volumes"]]
    command = [word.replace(mounted[1], str(FOLDER / mounted[0])) for word in JOB["command"]]
    given = {
        "PGHOST": address.hostname or "",
        "PGPORT": f"{address.port}",
        "PGPASSWORD": PASSWORD,
        "OWNER_PASSWORD": OWNERS,
    }
    environment = {name: JOB["environment"][name] for name in JOB["environment"]} | given
    ended = subprocess.run(
        [BIN / command[0], *command[1:]], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


async def connect(settings: Settings) -> asyncpg.Connection:
    return await asyncpg.connect(settings.postgres_owner, user="clipstream_owner", password=OWNERS)


async def check_owner(settings: Settings) -> None:
    """It migrates, gives roles their passwords, and sees no organisation's rows unless it names it."""
    run_job(settings)
    run_job(settings)
    address = settings.postgres_owner.replace(f"postgres:{PASSWORD}@", "clipstream_owner:it%27s%20a%20%5C%20password@")
    await migrate_postgres(msgspec.structs.replace(settings, postgres_owner=address))
    await new_org(msgspec.structs.replace(settings, postgres_owner=address))
    owner = await connect(settings)
    try:
        assert await owner.fetchval("select count(*) from orgs") == 0, "row security does not bind the owner"
        await owner.execute("create table later (); drop table later; alter table orgs add column later int")
        await owner.execute("alter table orgs drop column later")
        foreign = """select relname from pg_class where relnamespace = 'public'::regnamespace
                     and relkind in ('r', 'p', 'v', 'S') and relowner <> 'clipstream_owner'::regrole"""
        assert await owner.fetch(foreign) == []
        more = "select 1 from pg_roles where rolname = current_user and (rolsuper or rolbypassrls or rolreplication)"
        assert await owner.fetch(more) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute("set role clipstream_keys")
    finally:
        await owner.close()


async def test_a_volume_that_the_superuser_migrated_is_handed_over(server: Settings) -> None:
    await check_owner(server)


async def test_a_new_volume_is_migrated_by_the_owner(server: Settings) -> None:
    superuser = await asyncpg.connect(server.postgres_owner, database="postgres")
    try:
        await superuser.execute("drop database clipstream with (force)")
        for role in (*ROLES, "clipstream_owner"):
            await superuser.execute(f"drop role if exists {role}")
        await superuser.execute("create database clipstream")  # as the image does
    finally:
        await superuser.close()
    await check_owner(server)
