from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from api.http import auth
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.oauth import BASE
from tests.contract.rigs.people import SignedPerson, join

REMEMBERED_S = 0.3


@pytest.fixture
async def world(postgres: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """An API that remembers callers for a shorter time: what ends with a grant is seen sooner."""
    monkeypatch.setattr(auth, "CACHE_S", REMEMBERED_S)
    async with open_world(msgspec.structs.replace(postgres, public=BASE)) as opened:
        yield opened


@pytest.fixture
async def person(world: World, postgres: Settings) -> SignedPerson:
    """An owner of Bob's organisation."""
    return await join(world, postgres, world.bob, "owner")
