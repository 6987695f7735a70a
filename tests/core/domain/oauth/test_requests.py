"""Parameters, clients and proofs of OAuth requests, without any server."""

from __future__ import annotations

import base64
import hashlib
from typing import get_args
from uuid import UUID

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from core.domain.oauth.authorization import read_authorization, read_client_id, read_destination
from core.domain.oauth.errors import OAuthError
from core.domain.oauth.parameters import read_form, read_parameters, unique
from core.domain.oauth.scopes import SENTENCES, read_scopes, scopes_within
from core.domain.oauth.token_requests import proves, read_client, read_grant_type
from schemas.access.permissions import PERMISSIONS, AppScope, permissions_of_role, permissions_of_scopes

ID = "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"
URI, AUDIENCE = "https://app.example.org/cb", "https://clips.example.org"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
FULL = {
    "client_id": ID,
    "redirect_uri": URI,
    "response_type": "code",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": "projects:read",
    "state": "s",
}


def read(**changes: str | None) -> object:
    pairs = [(name, value) for name, value in (FULL | changes).items() if value is not None]
    destination = read_destination(pairs, read_client_id(pairs), [URI])
    return read_authorization(pairs, destination, ["projects:read", "write"], audience=AUDIENCE)


def test_the_example_of_the_standard_is_proven() -> None:
    """RFC 7636, appendix B."""
    assert proves(VERIFIER, CHALLENGE)
    assert create_s256_code_challenge(VERIFIER) == CHALLENGE
    for wrong in (VERIFIER[:-1] + "l", CHALLENGE, "", "a" * 42, "a" * 129, VERIFIER + "=", VERIFIER + "\n"):
        assert not proves(wrong, CHALLENGE)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "eyJ"}, "invalid_request"),
        ({"request_uri": "https://evil.example"}, "invalid_request"),
        ({"scope": "projects:read admin"}, "invalid_scope"),
        ({"scope": "brand:read"}, "invalid_scope"),
        ({"scope": "projects:read unknown"}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"resource": "https://other.example.org"}, "invalid_target"),
    ],
)
def test_requests_are_refused(changes: dict[str, str | None], code: str) -> None:
    with pytest.raises(OAuthError) as caught:
        read(**changes)
    assert caught.value.code == code


def test_requests_are_read() -> None:
    request = read(resource=AUDIENCE + "/")
    assert (request.scopes, request.challenge) == (["projects:read"], CHALLENGE)  # type: ignore[attr-defined]
    assert read(scope=None).scopes == ["write", "projects:read"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "query", ["a=1&a=2", "a=%ff", "a=%00", "a=" + "b" * 8001, "&".join(f"p{n}=1" for n in range(40))]
)
def test_parameters_are_refused(query: str) -> None:
    with pytest.raises(OAuthError):
        unique(read_parameters(query))


def test_an_empty_parameter_counts_as_left_out() -> None:
    assert unique(read_parameters("a=&b=1&b=")) == {"b": "1"}


def test_a_form_says_that_it_is_one() -> None:
    assert read_form("application/x-www-form-urlencoded; charset=utf-8", b"a=%C3%A9") == {"a": "\u00e9"}
    for content_type, body in (
        ("application/json", b"{}"),
        ("", b"a=1"),
        ("application/x-www-form-urlencoded", b"\xff"),
    ):
        with pytest.raises(OAuthError):
            read_form(content_type, body)


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def test_clients_authenticate_in_three_ways() -> None:
    assert read_client(basic(ID, "a%2Bb+c"), {}).secret == "a+b c"
    assert read_client(basic(ID, "s"), {"client_id": ID}).method == "client_secret_basic"
    assert read_client(None, {"client_id": ID, "client_secret": "s"}).method == "client_secret_post"
    assert read_client(None, {"client_id": ID}).method == "none"


@pytest.mark.parametrize(
    ("header", "form", "code"),
    [
        (basic(ID, "s"), {"client_secret": "s"}, "invalid_request"),
        (basic(ID, "s"), {"client_id": str(UUID(int=1))}, "invalid_request"),
        ("Bearer abc", {"client_id": ID}, "invalid_client"),
        ("Basic !!!", {}, "invalid_client"),
        ("Basic " + base64.b64encode(b"no colon").decode(), {}, "invalid_client"),
        (None, {}, "invalid_client"),
        (None, {"client_id": ID.upper()}, "invalid_client"),
        (None, {"client_id": "{" + ID + "}"}, "invalid_client"),
    ],
)
def test_clients_are_refused(header: str | None, form: dict[str, str], code: str) -> None:
    with pytest.raises(OAuthError) as caught:
        read_client(header, form)
    assert caught.value.code == code


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "Code"])
def test_other_grants_do_not_exist(grant_type: str) -> None:
    with pytest.raises(OAuthError) as caught:
        read_grant_type({"grant_type": grant_type})
    assert caught.value.code == "unsupported_grant_type"


def test_every_scope_has_words_and_changes_nobodys_access() -> None:
    assert set(SENTENCES) == set(get_args(AppScope))
    lasting = {"keys:read", "keys:write", "members:write", "organisation:write", "organisation:erase", "billing:write"}
    allowed = permissions_of_scopes(get_args(AppScope), operator=True)
    assert not allowed & (lasting | {"installation:operate", "dead-letters:write"})
    assert allowed <= set(PERMISSIONS)


def test_a_role_narrows_scopes() -> None:
    viewer = permissions_of_role("viewer", operator=False)
    assert scopes_within(["read", "write", "projects:read", "webhooks:read"], viewer) == ["read", "projects:read"]
    assert read_scopes("write read", ["read", "write"]) == ["read", "write"]


def test_a_code_verifier_is_hashed_as_others_do() -> None:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == CHALLENGE
