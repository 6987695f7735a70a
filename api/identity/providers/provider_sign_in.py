"""Sign-in with a provider: the list, the way there, the way back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.browsers.cookies import is_secure, set_cookies
from api.http.operations import Call, Operation, Reply
from api.identity.providers.flow_pages import (
    ProviderPage,
    ReturnPage,
    bind,
    page_answer,
    read_binding,
    redirect,
    return_address,
)
from api.identity.registration import PUBLIC_PROBLEMS
from api.identity.requests import Locale, MailedCode, SignedIn, admit, tokens_answer, visitor_of
from core.services.identity.providers.linked_identities import label_of, link_identity
from core.services.identity.providers.provider_sign_in import sign_in_by_provider
from core.services.identity.providers.sign_in_flows import (
    Flow,
    ProviderAnswer,
    begin_flow,
    find_provider,
    identify,
    take_flow,
)
from core.services.identity.refusals import IdentityRefused
from core.services.identity.second_factors import Challenge
from core.services.identity.sessions import SessionTokens


class ListedProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that people may sign in with."""

    provider: str
    """Name in paths."""
    label: str
    """Name that people read."""


class ListedProviders(msgspec.Struct, frozen=True, kw_only=True):
    """The providers of this installation, in the order of its settings."""

    items: list[ListedProvider]


class StartQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a sign-in leads to."""

    return_to: ReturnPage | None = None
    """Page that the browser is led back to: the web app's, or one of `CLIPSTREAM_SIGN_IN_RETURN_PAGES`, letter by
    letter. Null: the web app's; without a web app the answer is JSON."""


class StartSignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who goes to a provider."""

    return_to: ReturnPage | None = None
    """Page that the browser is led back to, as in the query of the same path."""
    invitation: MailedCode | None = None
    """Code of the mail that invited: who comes new gets the invited account."""
    locale: Locale = "en"
    """Language of mails to who comes new."""


class CallbackQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider sends the browser back with; other parameters of it are ignored."""

    state: Annotated[str, Meta(min_length=1, max_length=200, examples=["3pXk0Qm1v8yJb2n5Zr7tWc9eUf4hLs6dGaKoPiNqRxY"])]
    """The value that the provider was given."""
    code: Annotated[str, Meta(max_length=4000)] = ""
    """Stands for who signed in; counts once."""
    iss: Annotated[str, Meta(max_length=2000, examples=["https://accounts.google.com"])] | None = None
    """The provider that answers (RFC 9207)."""
    error: Annotated[str, Meta(max_length=200)] = ""
    """Why the provider refused."""


async def list_providers(call: Call[None, None]) -> Reply:
    """List the providers that people may sign in with; none where the operator named none."""
    parts = call.context.identity
    items = [ListedProvider(provider=name, label=label_of(parts, name)) for name in parts.providers]
    return Reply(body=ListedProviders(items=items))


async def start(call: Call[None, StartQuery]) -> Response:
    """Lead a browser to a provider's page; for links. The browser comes back by itself.

    A short-lived cookie binds the answer to this browser. A program that accepts `application/json` alone reads the
    page's address (200).
    """
    admit(call)
    context = call.context
    binding = read_binding(context, call.request)
    provider = call.request.path_params["provider"]
    flow = await begin_flow(context.identity, provider, binding=binding, return_to=call.query.return_to)
    if call.request.headers.get("accept") == "application/json":
        return page_answer(context, flow)
    return bind(context, redirect(flow.url), flow.binding)


async def prepare(call: Call[StartSignIn, None]) -> Response:
    """Ask for the address of a provider's page, for scripts: no address holds an invitation's code."""
    admit(call)
    context, body = call.context, call.body
    find_provider(context.identity, call.request.path_params["provider"])
    await context.origins.check_write(call.request, None)
    flow = await begin_flow(
        context.identity,
        call.request.path_params["provider"],
        binding=read_binding(context, call.request),
        return_to=body.return_to,
        invitation=body.invitation,
        locale=body.locale,
    )
    return page_answer(context, flow)


async def finish(call: Call[None, CallbackQuery]) -> Response:
    """Take a browser back from a provider: begin its session, or link the identity.

    The session lives in cookies. Where the sign-in named a page, the browser is led there (303), and reads behind `#`
    what came of it: `state=signed_in`, `state=linked`, `state=second_factor` with `challenge` and `factors`, or
    `error` with the code of a problem. Without a page the answer is JSON, or the problem itself.
    """
    admit(call)
    parts, query = call.context.identity, call.query
    provider = call.request.path_params["provider"]
    find_provider(parts, provider)
    flow = await take_flow(parts, provider, query.state, read_binding(call.context, call.request))
    answer = ProviderAnswer(state=query.state, code=query.code, iss=query.iss, error=query.error)
    try:
        return await _end(call, flow, answer)
    except IdentityRefused as refused:
        if not flow.return_to:
            raise
        return redirect(return_address(flow.return_to, {"error": refused.code, "provider": provider}))


async def _end(call: Call[None, CallbackQuery], flow: Flow, answer: ProviderAnswer) -> Response:
    parts, visitor = call.context.identity, visitor_of(call, cookies=True)
    identity = await identify(parts, flow, answer, visitor)
    if flow.user_id is not None:
        await link_identity(parts, flow, identity, visitor)
        return redirect(return_address(flow.return_to, {"state": "linked"})) if flow.return_to else _empty()
    outcome = await sign_in_by_provider(parts, flow, identity, visitor)
    return _led_back(call, flow.return_to, outcome) if flow.return_to else _json_answer(call, outcome)


def _empty() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _led_back(call: Call[None, CallbackQuery], page: str, outcome: SessionTokens | Challenge) -> Response:
    if isinstance(outcome, Challenge):
        outcome_fields = {"state": "second_factor", "challenge": outcome.token, "factors": ",".join(outcome.factors)}
        return redirect(return_address(page, outcome_fields))
    response = redirect(return_address(page, {"state": "signed_in"}))
    set_cookies(
        response,
        access=(outcome.access_token, outcome.access_life_s),
        refresh=(outcome.refresh_token, outcome.refresh_life_s),
        secure=is_secure(call.context.settings),
    )
    return response


def _json_answer(call: Call[None, CallbackQuery], outcome: SessionTokens | Challenge) -> Response:
    if isinstance(outcome, Challenge):
        body = SignedIn(state="second_factor", challenge=outcome.token, factors=list(outcome.factors))
        headers = {"Cache-Control": "no-store"}
        return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")
    return tokens_answer(call, outcome, cookies=True)


_START_PROBLEMS = (*PUBLIC_PROBLEMS, "not-found", "provider-failed")
OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/auth/providers",
        name="listProviders",
        tag="auth",
        permission="public",
        summary="List the providers that people may sign in with",
        handler=list_providers,
        response=ListedProviders,
    ),
    Operation(
        method="GET",
        path="/v1/auth/providers/{provider}/start",
        name="startProviderSignIn",
        tag="auth",
        permission="public",
        summary="Go to a provider's page",
        handler=start,
        query=StartQuery,
        response=ProviderPage,
        also={"303": ()},
        problems=_START_PROBLEMS,
    ),
    Operation(
        method="POST",
        path="/v1/auth/providers/{provider}/start",
        name="prepareProviderSignIn",
        unaudited="its flow ends as a `sign-in`, which has the entry",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Ask for the address of a provider's page",
        handler=prepare,
        request=StartSignIn,
        response=ProviderPage,
        problems=(*_START_PROBLEMS, "cross-site"),
    ),
    Operation(
        method="GET",
        path="/v1/auth/providers/{provider}/callback",
        name="finishProviderSignIn",
        tag="auth",
        permission="public",
        summary="Come back from a provider",
        handler=finish,
        query=CallbackQuery,
        response=SignedIn,
        also={"204": (), "303": ()},
        problems=(
            *_START_PROBLEMS,
            "sign-in-refused",
            "forbidden",
            "account-exists",
            "identity-linked",
            "code-invalid",
            "limit-reached",
            "unauthenticated",
        ),
    ),
)
