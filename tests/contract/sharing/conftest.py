from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_store, open_world
from tests.contract.rigs.servers import Server
from tests.contract.sharing.rig import BASE


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "shares") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, seaweedfs: Server, store: S3Objects) -> AsyncIterator[World]:
    settings = msgspec.structs.replace(postgres, public=BASE, s3=seaweedfs.url)
    async with open_world(settings, objects=store, documents=store) as opened:
        yield opened
