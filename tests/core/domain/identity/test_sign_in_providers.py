"""The operator's file of providers: what is read, and what is refused before anybody signs in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.domain.identity.sign_in_providers import decode_providers, is_usable_page

PAGE = Path(__file__).parents[4] / "docs" / "sign-in.md"
GOOD: dict[str, Any] = {"name": "acme", "issuer": "https://id.example", "client_id": "c"}
OAUTH = {
    "authorization_endpoint": "https://id.example/a",
    "token_endpoint": "https://id.example/t",
    "user_endpoint": "https://id.example/u",
}


def decoded(*providers: dict[str, Any], secrets: tuple[str, ...] = ()) -> Any:
    return decode_providers(msgspec.json.encode(providers), secrets)


def test_the_documented_file_is_read() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    providers = decode_providers(example.encode(), ["google:one", "github:two:with:colons"])
    assert list(providers) == ["google", "github"]
    (google, one), (github, two) = providers.values()
    assert (google.is_openid, github.is_openid, one, two) == (True, False, "one", "two:with:colons")


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ({"name": "Acme"}, "no list|not list"),
        ({"name": "../acme"}, "not list"),
        ({"issuer": "http://id.example"}, "https"),
        ({"issuer": "https://id.example?x=1"}, "https"),
        ({"issuer": "https://user:password@id.example"}, "https"),
        ({"issuer": "id.example"}, "https"),
        ({"scopes": ["email"]}, "openid"),
        ({"scopes": ["openid", "two words"]}, "character"),
        ({"links_by_email": True}, "confirms_email"),
        ({"user_endpoint": "https://id.example/u"}, "all of"),
        ({**OAUTH, "emails_endpoint": "http://id.example/e"}, "https"),
        ({"secret": "in the file"}, "unknown field"),
        ({"client_id": ""}, "not list"),
    ],
)
def test_what_would_fail_at_the_first_sign_in_is_refused(provider: dict[str, Any], fault: str) -> None:
    assert list(decoded(GOOD, secrets=("acme:s",))) == ["acme"]
    with pytest.raises(ValueError, match=fault):
        decoded(GOOD | provider)


def test_names_issuers_and_secrets_fit_together() -> None:
    other = GOOD | {"name": "other", "issuer": "https://other.example"}
    assert len(decoded(GOOD, other)) == 2
    for providers, secrets, fault in (
        ((GOOD, GOOD), (), "twice"),
        ((GOOD, other | {"issuer": GOOD["issuer"]}), (), "twice"),
        ((GOOD,), ("acne:s",), "acne"),
        ((GOOD,), ("acme",), "provider:secret"),
        (tuple(GOOD | {"name": f"p{n}", "issuer": f"https://{n}.example"} for n in range(21)), (), "at most 20"),
    ):
        with pytest.raises(ValueError, match=fault) as refused:
            decoded(*providers, secrets=secrets)
        assert ":s" not in str(refused.value).replace("provider:secret", "")
    with pytest.raises(ValueError, match="not list"):
        decode_providers(b"{", ())


def test_pages_are_whole_addresses() -> None:
    usable = ["https://app.example.org", "https://app.example.org/a/b", "http://localhost:5173/", "http://[::1]:80/x"]
    refused = ["", "/x", "http://app.example.org", "https://", "https://a.example/#x", "https://a.example/?", "ftp://a"]
    refused += ["https://a.example:port/", "https://a@b.example", "https://a.example/ x", "https://a.example/\u00e9"]
    assert [page for page in usable if not is_usable_page(page)] == []
    assert [page for page in refused if is_usable_page(page)] == []
