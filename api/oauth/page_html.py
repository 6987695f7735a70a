"""HTML of the pages that ask a person, without script; every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from uuid import UUID

import msgspec
from starlette.responses import HTMLResponse

from api.http.browsers.page_languages import PageLanguage, language_headers
from api.oauth.consent_words import WORDS, OAuthWords
from core.domain.oauth.redirect_uris import origin_source
from schemas.access.permissions import AppScope, Role

SIGN_IN, SIGN_IN_CODE = "/oauth/sign-in", "/oauth/sign-in/code"
WITH_PASSKEY = "passkey"
"""Value of the field `with` of who signs in by a passkey."""
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title} – Clipstream</title>
<link rel="icon" type="image/svg+xml" href="/web/mark.svg"><link rel="stylesheet" href="/web/theme.css">
<link rel="stylesheet" href="/web/forms.css"></head><body><main><p class="brand"><svg viewBox="0 0 24 24"
aria-hidden="true"><path fill-rule="evenodd"
d="M4 3h16a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm6 5v8l6.5-4z"/></svg>Clipstream</p>
{body}</main></body></html>
"""
_SIGN_IN = """<h1>{words.sign_in}</h1><p class="soft">{reason}</p>{notice}
<form method="post" action="{action}">{request}
<label for="email">{words.email}</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="{email}"{first}>
<label for="password">{words.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"{second}>
<div class="actions"><button>{words.sign_in}</button>
<button class="plain" name="with" value="{passkey}" formnovalidate>{words.by_passkey}</button></div></form>"""
_CODE = """<h1>{words.code_title}</h1><p class="soft">{words.code_text}</p>
{notice}<form method="post" action="{action}">{request}<input type="hidden" name="challenge" value="{challenge}">
<label for="code">{words.code}</label>
<input id="code" name="code" type="text" autocomplete="one-time-code" required maxlength="40" autofocus>
<div class="actions"><button>{words.proceed}</button></div></form>"""
_CONSENT = """<h1>{title}</h1>
<p class="soft">{about}</p>
<form method="post" action="{action}">{request}<input type="hidden" name="token" value="{token}">
<p>{words.can}</p><ul class="scopes">{scopes}</ul>{organisations}
<div class="actions"><button class="plain" name="decision" value="refuse">{words.refuse}</button>
<button name="decision" value="allow"{disabled}>{words.allow}</button></div></form>
<p class="end soft">{destination} {words.take_back}<br>
{signed_in} <a href="{other}">{words.other_account}</a></p>"""


class OrganisationChoice(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation in which a person may let an app call."""

    org_id: UUID
    name: str
    role: Role
    allows: bool
    """Whether the person may do any of what is asked for there."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What the page that asks says."""

    app: str
    publisher: str
    homepage: str
    scopes: Sequence[AppScope]
    choices: Sequence[OrganisationChoice]
    chosen: UUID | None
    """The organisation that is chosen at first."""
    email: str
    redirect_uri: str
    request: str
    """The query of the request."""
    token: str
    """Proof that the form is from this page."""


def sign_in_page(
    request: str, language: PageLanguage, *, app: str, email: str = "", fault: str = "", status: int = 200
) -> HTMLResponse:
    """The page that asks for address and password; ``request``: query of the request to go on with."""
    words = WORDS[language]
    body = _SIGN_IN.format(
        words=words,
        reason=words.asks.format(app=escape(app)) if app else "",
        notice=_notice(fault),
        action=SIGN_IN,
        passkey=WITH_PASSKEY,
        request=_hidden_request(request),
        email=escape(email),
        first="" if email else " autofocus",
        second=" autofocus" if email else "",
    )
    return _respond(words.sign_in, body, language, status=status)


def code_page(
    request: str, language: PageLanguage, *, challenge: str, fault: str = "", status: int = 200
) -> HTMLResponse:
    """The page that asks for the second factor."""
    words = WORDS[language]
    body = _CODE.format(
        words=words,
        notice=_notice(fault),
        action=SIGN_IN_CODE,
        request=_hidden_request(request),
        challenge=escape(challenge),
    )
    return _respond(words.second_factor, body, language, status=status)


def consent_page(consent: Consent, action: str, language: PageLanguage) -> HTMLResponse:
    """The page that asks whether an app may call; its form leads back to the app, whatever the answer."""
    words, app = WORDS[language], escape(consent.app)
    body = _CONSENT.format(
        words=words,
        title=words.consent_title.format(app=app),
        about=words.consent_text.format(
            app=app, publisher=escape(consent.publisher), homepage=_homepage(consent.homepage)
        ),
        action=action,
        request=_hidden_request(consent.request),
        token=escape(consent.token),
        scopes="".join(f"<li>{escape(words.scopes[scope])}</li>" for scope in consent.scopes),
        organisations=_organisations(consent, words),
        disabled="" if any(choice.allows for choice in consent.choices) else " disabled",
        destination=words.destination.format(destination=escape(origin_source(consent.redirect_uri))),
        signed_in=words.signed_in_as.format(email=escape(consent.email)),
        other=escape(f"{action}?{consent.request}&prompt=login"),
    )
    return _respond(words.access, body, language, to=origin_source(consent.redirect_uri))


def error_page(
    detail: str, language: PageLanguage, *, status: int, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page that says what went wrong, with no way to where the request came from."""
    words = WORDS[language]
    body = f"<h1>{words.error_title}</h1>{_notice(detail)}<p class='soft'>{words.error_text}</p>"
    return _respond(words.error, body, language, status=status, headers=headers)


def _respond(
    title: str,
    body: str,
    language: PageLanguage,
    *,
    status: int = 200,
    to: str = "",
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page that runs nothing and is framed by no other. ``to``: where its form may lead besides the API."""
    policy = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{f' {to}' if to else ''}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    page_headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
        # with no-referrer browsers send `Origin: null` with a form
        "Referrer-Policy": "same-origin",
        **language_headers(language),
    }
    page = _PAGE.format(language=language, title=title, body=body)
    return HTMLResponse(page, status_code=status, headers=page_headers | dict(headers or {}))


def _notice(text: str) -> str:
    return f'<p class="notice" role="alert">{escape(text)}</p>' if text else ""


def _hidden_request(request: str) -> str:
    return f'<input type="hidden" name="request" value="{escape(request)}">'


def _homepage(homepage: str) -> str:
    if not homepage:
        return ""
    host = escape(homepage.removeprefix("https://").rstrip("/"))
    return f' (<a href="{escape(homepage)}" rel="noreferrer noopener">{host}</a>)'


def _organisations(consent: Consent, words: OAuthWords) -> str:
    """The choice of an organisation; where there is one, it is said."""
    if not consent.choices:
        return _notice(words.no_organisation)
    if len(consent.choices) == 1:
        (choice,) = consent.choices
        hidden = f'<input type="hidden" name="org_id" value="{choice.org_id}">'
        role = words.roles[choice.role]
        if not choice.allows:
            return hidden + _notice(words.nothing_allowed.format(role=role, name=choice.name))
        return f"{hidden}<p>{words.inside.format(name=escape(choice.name), role=role)}</p>"
    rows = "".join(
        f'<label><input type="radio" name="org_id" value="{choice.org_id}" required'
        f"{' checked' if choice.org_id == consent.chosen else ''}{'' if choice.allows else ' disabled'}>"
        f"<span>{escape(choice.name)} <small>{words.you_are.format(role=words.roles[choice.role])}"
        f"{'' if choice.allows else words.none_of_this}</small></span></label>"
        for choice in consent.choices
    )
    return f"<fieldset><legend>{words.which}</legend>{rows}</fieldset>"
