"""A client of the app on twins, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.api.fakes import KEY, make_app

OpenClient = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@asynccontextmanager
async def client_of(app: Any, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the app's lifespan entered."""
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app):
        yield httpx2.AsyncClient(
            transport=transport, base_url="http://api", headers={"Authorization": f"Bearer {KEY.plain}"} | headers
        )


@pytest.fixture
def open_client() -> OpenClient:
    """Opens a client on an app with changed parts."""

    def open_(**changes: Any) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
        return client_of(make_app(**changes))

    return open_
