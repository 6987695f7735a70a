"""The pages of the authorisation endpoint: sign in, allow or refuse, and back to the app.

Everything that a form brings is read again from the request that it names. A form counts where it comes from our own
page, and the consent where its token is of this session and this request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api.http.auth import Caller
from api.http.browsers.client_address import client_address
from api.http.browsers.cookies import clear_cookies, is_secure, read_access_cookie, set_cookies
from api.http.browsers.cross_origin import origin_of
from api.http.browsers.page_languages import PageLanguage, choose_page_language
from api.http.context import ApiContext
from api.http.middleware import report_bug
from api.oauth.consent_words import WORDS
from api.oauth.metadata import AUTHORIZE
from api.oauth.page_html import (
    SIGN_IN,
    SIGN_IN_CODE,
    WITH_PASSKEY,
    Consent,
    OrganisationChoice,
    code_page,
    consent_page,
    error_page,
    sign_in_page,
)
from api.problems.problem_details import ApiProblem
from core.domain.oauth.authorization import (
    AuthorizationRequest,
    Destination,
    code_answer,
    error_answer,
    read_authorization,
    read_client_id,
    read_destination,
)
from core.domain.oauth.errors import OAuthError
from core.domain.oauth.parameters import Parameters, read_form, read_parameters
from core.domain.oauth.scopes import APP_SCOPES, scopes_within
from core.errors import Unavailable
from core.infra.postgres.connection import person_transaction, set_org
from core.services.identity import second_factors
from core.services.identity.identity_parts import Visitor
from core.services.identity.refusals import IdentityRefused
from core.services.identity.sessions import SessionTokens
from core.services.oauth import grants
from core.services.oauth.clients import look_up_client
from core.storage.identity.memberships import list_memberships, read_organisation
from core.storage.identity.people import find_person
from core.storage.oauth.clients import ClientRecord
from schemas.access.permissions import permissions_of_role

FORM_LIFE_S = 3600
WEB_SIGN_IN = "/app/sign-in"
"""Page of the web app that signs in by everything there is, and then opens the address of its `back`."""
MAX_EMAIL, MAX_PASSWORD, MAX_CODE = 254, 256, 200
Page = Callable[[Request, ApiContext], Coroutine[Any, Any, Response]]


class ClientRequest(NamedTuple):
    """A request whose answer may go to its client."""

    client: ClientRecord
    destination: Destination
    request: AuthorizationRequest
    query: str
    """The request in our own encoding, without `prompt`."""

    @property
    def app(self) -> str:
        """Name of the client, for people."""
        return self.client.name


class ErrorToClientError(Exception):
    """An error of a request that its client gets, at the address that it registered."""

    def __init__(self, destination: Destination, error: OAuthError) -> None:
        """``destination`` is checked: it is the client's."""
        super().__init__(str(error))
        self.destination = destination
        self.error = error


def make_oauth_pages() -> list[BaseRoute]:
    """Routes of the pages."""
    return [
        Route(AUTHORIZE, _page(AUTHORIZE, ask), methods=["GET"]),
        Route(AUTHORIZE, _page(AUTHORIZE, answer), methods=["POST"]),
        Route(SIGN_IN, _page(SIGN_IN, sign_in), methods=["POST"]),
        Route(SIGN_IN_CODE, _page(SIGN_IN_CODE, take_code), methods=["POST"]),
    ]


def _page(route: str, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        context: ApiContext = request.app.state.context
        request.scope["clipstream.route"] = route
        language = _language(request)
        words = WORDS[language]
        try:
            return await context.watch.guard("postgres", page(request, context))
        except ErrorToClientError as fault:
            return _redirect(error_answer(fault.destination, fault.error, context.identity.tokens.issuer))
        except OAuthError as error:
            return error_page(error.detail, language, status=400)
        except ApiProblem as problem:
            detail = words.faults.get(problem.code, problem.detail)
            return error_page(detail, language, status=problem.status, headers=problem.headers)
        except Unavailable:
            return error_page(words.away, language, status=503, headers={"Retry-After": "2"})
        except Exception as error:  # noqa: BLE001 - a person is shown a page, whatever happened
            report_bug(error)
            return error_page(words.broken, language, status=500)

    return endpoint


async def ask(request: Request, context: ApiContext) -> Response:
    """The consent page, or the sign-in that comes before it."""
    query = request.scope["query_string"].decode("latin-1")
    context.refreshes.require(client_address(request, context.settings.trusted_proxies))
    client_request = await _read_request(context, query)
    person = await _person(request, context)
    if person is None or ("prompt", "login") in read_parameters(query):
        return sign_in_page(client_request.query, _language(request), app=client_request.app)
    return await _ask_person(context, client_request, person, _language(request))


async def answer(request: Request, context: ApiContext) -> Response:
    """Allow or refuse, and send the browser back to the app."""
    form = await _read_own_form(request, context)
    client_request = await _read_request(context, form.get("request", ""))
    person = await _person(request, context)
    if person is None:
        return sign_in_page(client_request.query, _language(request), app=client_request.app)
    if not _is_own_token(context, form.get("token", ""), person, client_request.query):
        raise ApiProblem("cross-site", "The form is too old, or of another page.")
    issuer = context.identity.tokens.issuer
    if form.get("decision") != "allow":
        refused = OAuthError("access_denied", "The person refused.")
        return _redirect(error_answer(client_request.destination, refused, issuer))
    org_id = _chosen(form.get("org_id", ""))
    try:
        code = await grants.allow(
            context.identity,
            client_request.client,
            client_request.request,
            person.actor.id,
            org_id,
            _visitor(request, context),
        )
    except OAuthError as error:
        raise ErrorToClientError(client_request.destination, error) from None
    return _redirect(code_answer(client_request.destination, code, issuer))


async def sign_in(request: Request, context: ApiContext) -> Response:
    """Sign in by password: a new session, or the page of the second factor; passkeys are the web app's."""
    form = await _read_own_form(request, context)
    client_request = await _read_request(context, form.get("request", ""))
    if form.get("with") == WITH_PASSKEY:
        return _to_web_app(context, client_request)
    email, language = form.get("email", "")[:MAX_EMAIL], _language(request)
    words = WORDS[language]
    visitor = _visitor(request, context)
    context.sign_ins.require(visitor.address)
    try:
        outcome = await second_factors.sign_in_by_password(
            context.identity, email, form.get("password", "")[:MAX_PASSWORD], visitor
        )
    except IdentityRefused as refused:
        fault = words.faults.get(refused.code, refused.detail)
        return sign_in_page(
            client_request.query, language, app=client_request.app, email=email, fault=fault, status=401
        )
    if isinstance(outcome, second_factors.Challenge):
        if "totp" not in outcome.factors:  # a passkey, and perhaps recovery codes, which that page takes as well
            return _to_web_app(context, client_request)
        return code_page(client_request.query, language, challenge=outcome.token)
    return _signed_in(context, client_request, outcome)


async def take_code(request: Request, context: ApiContext) -> Response:
    """The second factor: digits of an app, or a recovery code."""
    form = await _read_own_form(request, context)
    client_request = await _read_request(context, form.get("request", ""))
    visitor = _visitor(request, context)
    context.sign_ins.require(visitor.address)
    challenge, code = form.get("challenge", "")[:MAX_CODE], form.get("code", "")[:MAX_CODE]
    digits = "".join(code.split())
    by_app = len(digits) == 6 and digits.isdigit()
    language = _language(request)
    words = WORDS[language]
    try:
        tokens = await second_factors.answer_challenge(
            context.identity,
            challenge,
            code=digits if by_app else None,
            recovery_code=None if by_app else code.strip(),
            visitor=visitor,
        )
    except IdentityRefused as refused:
        if refused.code == "code-invalid":
            return sign_in_page(client_request.query, language, app=client_request.app, fault=words.late, status=401)
        fault = words.faults.get(refused.code, refused.detail)
        return code_page(client_request.query, language, challenge=challenge, fault=fault, status=401)
    return _signed_in(context, client_request, tokens)


def _language(request: Request) -> PageLanguage:
    return choose_page_language(request.headers.get("accept-language"))


async def _read_request(context: ApiContext, query: str) -> ClientRequest:
    """What a client asks for. Raises OAuthError for the person, ErrorToClientError for the client."""
    pairs = [pair for pair in read_parameters(query) if pair[0] != "prompt"]
    client_id = read_client_id(pairs)
    client = await look_up_client(context.pool, client_id)
    if client is None:
        raise OAuthError("invalid_client", "There is no such app, or no more.")
    destination = read_destination(pairs, client_id, client.redirect_uris)
    try:
        audience = context.identity.tokens.issuer
        request = read_authorization(pairs, destination, client.scopes, audience=audience)
    except OAuthError as error:
        raise ErrorToClientError(destination, error) from None
    return ClientRequest(client, destination, request, urlencode(pairs))


async def _person(request: Request, context: ApiContext) -> Caller | None:
    """Who is signed in with this browser."""
    cookie = read_access_cookie(request, secure=is_secure(context.settings))
    caller = await context.callers.caller(cookie) if cookie else None
    return caller if caller is not None and caller.session_id is not None else None


async def _ask_person(
    context: ApiContext, client_request: ClientRequest, person: Caller, language: PageLanguage
) -> Response:
    user_id = person.actor.id
    async with person_transaction(context.pool, user_id) as rows:
        account = await find_person(rows, user_id)
        memberships = await list_memberships(rows, user_id)
        await set_org(rows, client_request.client.org_id)
        publisher = await read_organisation(rows, client_request.client.org_id)
    scopes = client_request.request.scopes
    choices = [
        OrganisationChoice(
            org_id=membership.org_id,
            name=membership.org_name,
            role=membership.role,
            allows=bool(scopes_within(scopes, permissions_of_role(membership.role, operator=False))),
        )
        for membership in memberships
    ]
    able = [choice.org_id for choice in choices if choice.allows]
    consent = Consent(
        app=client_request.app,
        publisher=publisher["name"] if publisher is not None else "",
        homepage=client_request.client.homepage,
        scopes=[scope for scope in APP_SCOPES if scope in scopes],
        choices=choices,
        chosen=person.org_id if person.org_id in able else next(iter(able), None),
        email=account.email if account is not None else "",
        redirect_uri=client_request.destination.redirect_uri,
        request=client_request.query,
        token=_mint_token(context, person, client_request.query),
    )
    return consent_page(consent, AUTHORIZE, language)


def _signed_in(context: ApiContext, client_request: ClientRequest, tokens: SessionTokens) -> Response:
    """Give the browser its new session and let it ask again."""
    response = _redirect(f"{AUTHORIZE}?{client_request.query}")
    set_cookies(
        response,
        access=(tokens.access_token, tokens.access_life_s),
        refresh=(tokens.refresh_token, tokens.refresh_life_s),
        secure=is_secure(context.settings),
    )
    return response


def _to_web_app(context: ApiContext, client_request: ClientRequest) -> Response:
    """Let somebody sign in on the web app's page, which runs the script of passkeys, and ask again.

    The browser's session goes first: with it that page would come back at once, with the account that was signed in.
    """
    back = urlencode({"back": f"{AUTHORIZE}?{client_request.query}"})
    response = _redirect(f"{WEB_SIGN_IN}?{back}")
    clear_cookies(response, secure=is_secure(context.settings))
    return response


async def _read_own_form(request: Request, context: ApiContext) -> Parameters:
    """A form of one of our pages. Raises ``cross-site`` for one that another page sent."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    own_origin = origin_of(context.settings.public_address)
    if (origin or "").lower() != own_origin or site not in (None, "same-origin"):
        raise ApiProblem("cross-site", f"The form was not sent by a page of {own_origin}.")
    return read_form(request.headers.get("content-type", ""), await request.body())


def _mint_token(context: ApiContext, person: Caller, query: str) -> str:
    issued_at = int(context.clock().timestamp())
    return f"{issued_at}.{_sign(context, person, query, issued_at)}"


def _is_own_token(context: ApiContext, token: str, person: Caller, query: str) -> bool:
    """Whether the page of this session and this request made a form, within the last hour."""
    issued_at, _, signature = token.partition(".")
    if not issued_at.isascii() or not issued_at.isdigit() or len(issued_at) > 12:
        return False
    age_s = context.clock().timestamp() - int(issued_at)
    expected = _sign(context, person, query, int(issued_at))
    return 0 <= age_s + 1 <= FORM_LIFE_S and hmac.compare_digest(expected.encode(), signature.encode())


def _sign(context: ApiContext, person: Caller, query: str, issued_at: int) -> str:
    signed_text = f"consent\n{person.session_id}\n{issued_at}\n{query}"
    digest = hmac.new(context.ring.derive("forms"), signed_text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _chosen(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise OAuthError("invalid_request", "Choose an organisation.") from None


def _visitor(request: Request, context: ApiContext) -> Visitor:
    agent = "".join(character for character in request.headers.get("user-agent", "") if character.isprintable())
    address = client_address(request, context.settings.trusted_proxies)
    return Visitor(address=address, user_agent=agent, cookies=True)


def _redirect(url: str) -> RedirectResponse:
    """A redirect that turns a POST into a GET, and of which nothing is kept."""
    return RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})
