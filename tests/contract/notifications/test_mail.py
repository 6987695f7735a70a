"""The mail of a notification as the catcher of the local stack keeps it: both bodies, and one-click unsubscribing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from core.settings import Settings
from tests.contract.identity.test_mails import Sender, read, run_catcher, until_listening
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.people import join
from tests.contract.rigs.push_rig import open_relay, tell

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def test_a_mail_is_read_from_the_catcher(world: World, postgres: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(postgres, web="https://app.example.org")
    owner = await join(world, postgres, world.ann, "owner")
    project_id = await new_project(world.ann)
    async with open_relay(settings) as relay:
        await relay.plan()
        await relay.rows("delete from mails")
        await tell(world, world.ann.org_id, "clips.ready", project_id=project_id, details={"clips": 4})
        await relay.plan()
        with run_catcher(tmp_path / "mails") as port:
            await until_listening(port)
            assert await Sender(settings, f"smtp+plain://127.0.0.1:{port}").send_due() == 1
    (path,) = (tmp_path / "mails").glob("*.eml")
    message = read(path)
    assert (message["To"], message["Subject"]) == (owner.email, "4 clips of “A talk” are ready")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = str(message["List-Unsubscribe"]).strip("<>")
    assert url.startswith(f"{postgres.public_address}/v1/notifications/unsubscribe?token=")
    plain, rich = body(message, "plain"), body(message, "html")
    assert f"Watch the clips: https://app.example.org/projects/{project_id}" in plain
    assert f"Turn these mails off: {url}" in plain
    assert f'href="https://app.example.org/projects/{project_id}"' in rich
    answer = await world.bob.client.post(url.removeprefix(postgres.public_address), headers={"Authorization": ""})
    assert answer.status_code == 200
    items = (await owner.client.get("/v1/account/notifications")).json()["items"]
    assert {item["kind"]: item["mail"] for item in items}["clips.ready"] == "off"


async def test_an_erasure_reaches_mails_and_notifications(world: World, postgres: Settings) -> None:
    """What was told of a project, the daily mail among it, goes with the project."""
    owner = await join(world, postgres, world.ann, "owner")
    project_id = await new_project(world.ann)
    async with open_relay(postgres) as relay:
        await relay.plan()
        await tell(world, world.ann.org_id, "project.failed", project_id=project_id)
        await tell(world, world.ann.org_id, "project.finished", project_id=project_id)
        await relay.plan()
        await relay.rows("update notification_deliveries set due_at = now() where user_id = $1", owner.user_id)
        while await relay.planner.send_next_digest():
            pass
        kept = "select template from mails where user_id = $1 and $2 = any(project_ids) order by template"
        assert [row[0] for row in await relay.rows(kept, owner.user_id, project_id)] == ["daily", "project.failed"]
        async with world.owner.transaction():
            await world.owner.execute("set local role clipstream_erasure")
            await world.owner.execute("select set_config('app.org', $1, true)", str(world.ann.org_id))
            for table, condition in (("notifications", "project_id = $2"), ("mails", "$2 = any(project_ids)")):
                await world.owner.execute(
                    f"delete from {table} where org_id = $1 and {condition}", world.ann.org_id, project_id
                )
        assert await relay.rows(kept, owner.user_id, project_id) == []
        assert await relay.rows("select 1 from notifications where project_id = $1", project_id) == []
