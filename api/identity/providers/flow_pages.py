"""What a browser keeps and is shown on its way to a provider and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from api.http.browsers.cookies import is_secure
from api.http.context import ApiContext
from core.services.identity.providers.sign_in_flows import FLOW_LIFE, BegunFlow

ReturnPage = Annotated[str, Meta(min_length=1, max_length=2000)]
_PAGE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""No cache and no next page learns the code and the state of an address."""


class ProviderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser goes next."""

    url: str
    """Page of the provider. It counts for ten minutes, in the browser that asked for it."""


def _cookie_name(*, secure: bool) -> str:
    return "__Host-clipstream-sign-in" if secure else "clipstream-sign-in"


def read_binding(context: ApiContext, request: Request) -> str | None:
    """What binds the browser to its flows, if it has begun one."""
    return request.cookies.get(_cookie_name(secure=is_secure(context.settings)))


def bind(context: ApiContext, response: Response, binding: str) -> Response:
    """Give the browser what its answer must come with.

    One cookie serves all flows of a browser, in several tabs.
    """
    secure = is_secure(context.settings)
    life_s = int(FLOW_LIFE.total_seconds())
    # Lax: it comes along when the provider leads back, which is a navigation from another site
    response.set_cookie(
        _cookie_name(secure=secure), binding, max_age=life_s, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


def page_answer(context: ApiContext, flow: BegunFlow) -> Response:
    """The provider's page as JSON, for a script that goes there itself."""
    body = msgspec.json.encode(ProviderPage(url=flow.url))
    return bind(context, Response(body, headers=_PAGE_HEADERS, media_type="application/json"), flow.binding)


def redirect(address: str) -> Response:
    """Lead a browser on."""
    return Response(status_code=303, headers=_PAGE_HEADERS | {"Location": address})


def return_address(page: str, outcome: Mapping[str, Any]) -> str:
    """A page of the list with an outcome behind ``#``: no server and no log sees that part."""
    return f"{page}#{urlencode(outcome)}"
