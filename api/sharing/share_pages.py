"""Pages of share links: the whole page, and its player alone for other pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.http.browsers.client_address import client_address
from api.http.browsers.cross_origin import origin_of
from api.http.browsers.page_languages import PageLanguage, choose_page_language
from api.http.context import ApiContext
from api.http.middleware import report_bug
from api.problems.problem_details import ApiProblem
from api.sharing.models import EMBED, PAGE, PublicShare
from api.sharing.public_shares import read_public_share
from api.sharing.share_html import embed_page, ended_page, share_page
from api.sharing.share_words import WORDS
from core.errors import Unavailable

Render = Callable[[PublicShare, Request, str, PageLanguage], Response]


def make_share_pages() -> list[BaseRoute]:
    """Routes of the pages."""
    return [
        Route(f"{PAGE}/{{token}}", _page(f"{PAGE}/{{token}}", _render_share, framed=False), methods=["GET"]),
        Route(f"{EMBED}/{{token}}", _page(f"{EMBED}/{{token}}", _render_embed, framed=True), methods=["GET"]),
    ]


def _render_share(share: PublicShare, _: Request, storage: str, language: PageLanguage) -> Response:
    return share_page(share, storage=storage, language=language)


def _render_embed(share: PublicShare, request: Request, storage: str, language: PageLanguage) -> Response:
    chosen = request.query_params.get("clip", "1")
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 4 else 1
    return embed_page(share, number, storage=storage, language=language)


def _page(route: str, render: Render, *, framed: bool) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        context: ApiContext = request.app.state.context
        request.scope["clipstream.route"] = route
        address = client_address(request, context.settings.trusted_proxies)
        language = choose_page_language(request.headers.get("accept-language"))
        words = WORDS[language]
        try:
            reading = read_public_share(
                context, request, request.path_params["token"], address, context.clock(), viewed=True
            )
            share = await context.watch.guard("postgres", reading)
            return render(share, request, origin_of(context.settings.s3_public or context.settings.s3), language)
        except ApiProblem as problem:
            ending = words.ended.get(problem.code, words.ended[""])
            return ended_page(
                ending,
                language,
                detail=problem.detail,
                status=problem.status,
                framed=framed,
                headers=problem.headers,
            )
        except Unavailable:
            return ended_page(words.away, language, status=503, framed=framed, headers={"Retry-After": "2"})
        except Exception as error:  # noqa: BLE001 - a person is shown a page, whatever happened
            report_bug(error)
            return ended_page(words.broken, language, status=500)

    return endpoint
