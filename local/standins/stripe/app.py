"""The stand-in's HTTP: Stripe's paths, forms and errors for the calls that billing makes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.standins.stripe.books import UNIQUE, Books, StripeError
from local.standins.stripe.misbehaviour import Misbehaviour

HANG_S = 120.0
Effect = Callable[[Request, Mapping[str, str]], Any]


async def _hang() -> None:
    await asyncio.sleep(HANG_S)


def make_app(http: StripeHttp) -> Starlette:
    """The app of these requests."""
    return Starlette(routes=http.routes())


class StripeHttp:
    """Requests of the API, with Idempotency-Keys."""

    def __init__(
        self, books: Books, misbehaviour: Misbehaviour, *, key: str, hang: Callable[[], Awaitable[None]] = _hang
    ) -> None:
        """``key``: the secret key that callers must have; ``hang`` is awaited where no answer comes."""
        self._books, self._misbehaviour, self._hang = books, misbehaviour, hang
        self.key = key
        self._first_answers: dict[str, tuple[Any, Response]] = {}
        self._at_work: set[str] = set()
        self.overlaps = 0
        """Meter events of one customer that came at once."""

    def routes(self) -> list[Route]:
        """Paths and methods."""
        books = self._books
        effects: tuple[tuple[str, str, Effect], ...] = (
            ("POST", "/v1/customers", lambda _, form: books.create_customer(form)),
            ("DELETE", "/v1/customers/{customer}", lambda r, _: books.delete_customer(r.path_params["customer"])),
            ("POST", "/v1/checkout/sessions", lambda request, form: books.create_session(form, _base(request))),
            ("POST", "/v1/billing_portal/sessions", lambda request, form: books.create_portal(form, _base(request))),
            ("GET", "/v1/subscriptions", lambda _, form: _page("/v1/subscriptions", books.list_subscriptions(form))),
            ("POST", "/v1/billing/meter_events", lambda _, form: books.add_use(form)),
            ("GET", "/v1/billing/meters/{meter}/event_summaries", self._summaries),
        )
        pages = [Route("/pay/{session}", self._pay, methods=["GET"])]
        return [Route(path, self._endpoint(effect), methods=[method]) for method, path, effect in effects] + pages

    def _summaries(self, request: Request, form: Mapping[str, str]) -> Any:
        summaries = self._books.sum_use(request.path_params["meter"], form)
        return _page(request.url.path, summaries)

    async def _pay(self, request: Request) -> Response:
        try:
            self._books.pay(request.path_params["session"])
        except (StripeError, KeyError):
            return PlainTextResponse("This page is not open.", 404)
        return PlainTextResponse("Paid.")

    def _endpoint(self, effect: Effect) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {self.key}":
                return _error(StripeError(401, "Invalid API Key provided."))
            text = request.url.query if request.method == "GET" else (await request.body()).decode()
            form = dict(parse_qsl(text, keep_blank_values=True))
            customer = form.get("payload[stripe_customer_id]")
            if customer is None:
                return await self._answer(request, form, effect)
            self.overlaps += customer in self._at_work
            self._at_work.add(customer)
            try:
                return await self._answer(request, form, effect)
            finally:
                self._at_work.discard(customer)

        return endpoint

    async def _answer(self, request: Request, form: Mapping[str, str], effect: Effect) -> Response:
        await asyncio.sleep(0)
        kind = self._misbehaviour.draw()
        if kind == "busy":
            error = StripeError(429, "Too many requests.", code="rate_limit")
            return _error(error, {"Retry-After": self._misbehaviour.retry_after()})
        if kind == "error":
            return _error(StripeError(500, "Something went wrong.", kind="api_error"))
        if kind == "hang":
            await self._hang()
        answer = self._once(request, form, effect)
        if kind == "error_after":
            return _error(StripeError(502, "Something went wrong on the way back.", kind="api_error"))
        if kind == "hang_after":
            await self._hang()
        return answer

    def _once(self, request: Request, form: Mapping[str, str], effect: Effect) -> Response:
        """The effect, or the first answer to the Idempotency-Key."""
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        fingerprint = (request.url.path, tuple(sorted(form.items())))
        now = self._books.clock()
        if key is not None and key in self._first_answers:
            (at, first), answer = self._first_answers[key]
            if now - at < UNIQUE:
                if first == fingerprint:
                    return answer
                return _error(
                    StripeError(400, "Keys can only be used with the same parameters.", kind="idempotency_error")
                )
        try:
            answer = Response(msgspec.json.encode(effect(request, form)), media_type="application/json")
        except StripeError as error:
            answer = _error(error)
        answer.headers["Request-Id"] = self._books.new_id("req")
        if key is not None:
            self._first_answers[key] = ((now, fingerprint), answer)
        return answer


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _page(url: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "url": url, "has_more": False, "data": items}


def _error(error: StripeError, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"type": error.kind, "message": error.message} | ({"code": error.code} if error.code else {})}
    return Response(
        msgspec.json.encode(body), status_code=error.status, headers=dict(headers or {}), media_type="application/json"
    )
