"""HTML of the pages that ask a person, without script; every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from uuid import UUID

import msgspec
from starlette.responses import HTMLResponse

from core.domain.oauth.redirect_uris import origin_source
from core.domain.oauth.scopes import SENTENCES
from schemas.access.permissions import AppScope, Role

SIGN_IN, SIGN_IN_CODE = "/oauth/sign-in", "/oauth/sign-in/code"
WITH_PASSKEY = "passkey"
"""Value of the field `with` of who signs in by a passkey."""
ROLE_NAMES: Mapping[Role, str] = {
    "owner": "an owner",
    "admin": "an admin",
    "editor": "an editor",
    "viewer": "a viewer",
    "billing": "responsible for billing",
    "operator": "an operator",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title} – Clipstream</title>
<link rel="icon" type="image/svg+xml" href="/web/mark.svg"><link rel="stylesheet" href="/web/theme.css">
<link rel="stylesheet" href="/web/forms.css"></head><body><main><p class="brand"><svg viewBox="0 0 24 24"
aria-hidden="true"><path fill-rule="evenodd"
d="M4 3h16a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm6 5v8l6.5-4z"/></svg>Clipstream</p>
{body}</main></body></html>
"""
_SIGN_IN = """<h1>Sign in</h1><p class="soft">{reason}</p>{notice}<form method="post" action="{action}">{request}
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="{email}"{first}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"{second}>
<div class="actions"><button>Sign in</button>
<button class="plain" name="with" value="{passkey}" formnovalidate>Use a passkey</button></div></form>"""
_CODE = """<h1>One more step</h1><p class="soft">Type the six digits of your authenticator app, or a recovery code.</p>
{notice}<form method="post" action="{action}">{request}<input type="hidden" name="challenge" value="{challenge}">
<label for="code">Code</label>
<input id="code" name="code" type="text" autocomplete="one-time-code" required maxlength="40" autofocus>
<div class="actions"><button>Continue</button></div></form>"""
_CONSENT = """<h1>{app} asks for access</h1>
<p class="soft">{app} is an app of <strong>{publisher}</strong>{homepage}. Clipstream did not check it.</p>
<form method="post" action="{action}">{request}<input type="hidden" name="token" value="{token}">
<p>If you allow it, it can:</p><ul class="scopes">{scopes}</ul>{organisations}
<div class="actions"><button class="plain" name="decision" value="refuse">Refuse</button>
<button name="decision" value="allow"{disabled}>Allow</button></div></form>
<p class="end soft">You return to <strong>{destination}</strong>. You can take this back at any time.<br>
You are signed in as {email}. <a href="{other}">Use another account</a></p>"""


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


def sign_in_page(request: str, *, app: str, email: str = "", fault: str = "", status: int = 200) -> HTMLResponse:
    """The page that asks for address and password; ``request``: query of the request to go on with."""
    body = _SIGN_IN.format(
        reason=f"{escape(app)} asks for access to Clipstream. Sign in to answer it." if app else "",
        notice=_notice(fault),
        action=SIGN_IN,
        passkey=WITH_PASSKEY,
        request=_hidden_request(request),
        email=escape(email),
        first="" if email else " autofocus",
        second=" autofocus" if email else "",
    )
    return _respond("Sign in", body, status=status)


def code_page(request: str, *, challenge: str, fault: str = "", status: int = 200) -> HTMLResponse:
    """The page that asks for the second factor."""
    body = _CODE.format(
        notice=_notice(fault),
        action=SIGN_IN_CODE,
        request=_hidden_request(request),
        challenge=escape(challenge),
    )
    return _respond("Second factor", body, status=status)


def consent_page(consent: Consent, action: str) -> HTMLResponse:
    """The page that asks whether an app may call; its form leads back to the app, whatever the answer."""
    body = _CONSENT.format(
        app=escape(consent.app),
        publisher=escape(consent.publisher),
        homepage=_homepage(consent.homepage),
        action=action,
        request=_hidden_request(consent.request),
        token=escape(consent.token),
        scopes="".join(f"<li>{escape(SENTENCES[scope])}</li>" for scope in consent.scopes),
        organisations=_organisations(consent),
        disabled="" if any(choice.allows for choice in consent.choices) else " disabled",
        destination=escape(origin_source(consent.redirect_uri)),
        email=escape(consent.email),
        other=escape(f"{action}?{consent.request}&prompt=login"),
    )
    return _respond("Access", body, to=origin_source(consent.redirect_uri))


def error_page(detail: str, *, status: int, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page that says what went wrong, with no way to where the request came from."""
    body = f"<h1>This did not work</h1>{_notice(detail)}<p class='soft'>Go back to the app, and try again there.</p>"
    return _respond("Error", body, status=status, headers=headers)


def _respond(
    title: str, body: str, *, status: int = 200, to: str = "", headers: Mapping[str, str] | None = None
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
    }
    return HTMLResponse(
        _PAGE.format(title=title, body=body), status_code=status, headers=page_headers | dict(headers or {})
    )


def _notice(text: str) -> str:
    return f'<p class="notice" role="alert">{escape(text)}</p>' if text else ""


def _hidden_request(request: str) -> str:
    return f'<input type="hidden" name="request" value="{escape(request)}">'


def _homepage(homepage: str) -> str:
    if not homepage:
        return ""
    host = escape(homepage.removeprefix("https://").rstrip("/"))
    return f' (<a href="{escape(homepage)}" rel="noreferrer noopener">{host}</a>)'


def _organisations(consent: Consent) -> str:
    """The choice of an organisation; where there is one, it is said."""
    if not consent.choices:
        return _notice("You belong to no organisation, so there is nothing to give access to.")
    if len(consent.choices) == 1:
        (choice,) = consent.choices
        hidden = f'<input type="hidden" name="org_id" value="{choice.org_id}">'
        if not choice.allows:
            return hidden + _notice(f"You are {ROLE_NAMES[choice.role]} of {choice.name}, and may do nothing of this.")
        name = escape(choice.name)
        return f"{hidden}<p>In <strong>{name}</strong>, and no more than you may as {ROLE_NAMES[choice.role]}.</p>"
    rows = "".join(
        f'<label><input type="radio" name="org_id" value="{choice.org_id}" required'
        f"{' checked' if choice.org_id == consent.chosen else ''}{'' if choice.allows else ' disabled'}>"
        f"<span>{escape(choice.name)} <small>you are {ROLE_NAMES[choice.role]}"
        f"{'' if choice.allows else ', and may do nothing of this'}</small></span></label>"
        for choice in consent.choices
    )
    return f"<fieldset><legend>In which organisation? No more than you may there.</legend>{rows}</fieldset>"
