"""Redirect URIs: what may be registered, and that nothing else than what was registered matches."""

from __future__ import annotations

import pytest

from core.domain.oauth.redirect_uris import add_parameters, matches_redirect_uri, origin_source, redirect_uri_fault

REGISTERED = "https://app.example.org/callback"
LOOPBACK = "http://127.0.0.1/callback"
OPEN_REDIRECTS = (
    "https://app.example.org/callback/",
    "https://app.example.org/callback/../evil",
    "https://app.example.org/callback?next=https://evil.example",
    "https://app.example.org/callback#evil",
    "https://app.example.org/Callback",
    "https://app.example.org/callback%2f..",
    "https://app.example.org//callback",
    "https://app.example.org/",
    "https://app.example.org",
    "https://app.example.org:443/callback",
    "https://app.example.org:8443/callback",
    "http://app.example.org/callback",
    "HTTPS://app.example.org/callback",
    "https://APP.example.org/callback",
    "https://app.example.org./callback",
    "https://app.example.org.evil.example/callback",
    "https://app.example.org@evil.example/callback",
    "https://user@app.example.org/callback",
    "https://evil.example/https://app.example.org/callback",
    "https://evil.example\\@app.example.org/callback",
    "https://evil.example#@app.example.org/callback",
    "//app.example.org/callback",
    "javascript:alert(1)//https://app.example.org/callback",
    "data:text/html,https://app.example.org/callback",
    " https://app.example.org/callback",
    "https://app.example.org/callback\r\nSet-Cookie: a=b",
    "https://app.example.org/callback\t",
    "https://sub.app.example.org/callback",
    "https://*.example.org/callback",
    "",
)
NO_LOOPBACK = (
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:80@evil.example/callback",
    "http://127.0.0.1:8080/other",
    "http://127.0.0.1:8080/callback?x=1",
    "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.2:8080/callback",
    "http://127.1:8080/callback",
    "http://2130706433:8080/callback",
    "http://localhost:8080/callback",
    "http://[::1]:8080/callback",
    "https://127.0.0.1:8080/callback",
    "http://user@127.0.0.1:8080/callback",
)


@pytest.mark.parametrize("uri", OPEN_REDIRECTS)
def test_only_the_very_uri_matches(uri: str) -> None:
    assert not matches_redirect_uri(uri, [REGISTERED, LOOPBACK])


@pytest.mark.parametrize("uri", NO_LOOPBACK)
def test_only_the_port_of_a_loopback_address_may_differ(uri: str) -> None:
    assert not matches_redirect_uri(uri, [LOOPBACK])


def test_what_was_registered_matches() -> None:
    assert matches_redirect_uri(REGISTERED, [LOOPBACK, REGISTERED])
    for uri in (LOOPBACK, "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback"):
        assert matches_redirect_uri(uri, [LOOPBACK])
    assert matches_redirect_uri("http://[::1]:4711/cb?x=1", ["http://[::1]:80/cb?x=1"])
    assert not matches_redirect_uri("http://localhost:2/", ["http://localhost:1/"])


@pytest.mark.parametrize(
    ("uri", "public", "allowed"),
    [
        (REGISTERED, False, True),
        ("https://app.example.org:8443/a/b?c=d", False, True),
        ("https://127.0.0.1/callback", False, True),
        (LOOPBACK, True, True),
        ("http://[::1]:8080/cb", True, True),
        ("http://localhost:3000/cb", False, True),
        ("com.example.app:/callback", True, True),
        ("com.example.app:/callback", False, False),
        ("myapp:/callback", True, False),
        ("javascript:alert(1)", True, False),
        ("data:text/html,a", True, False),
        ("http://app.example.org/callback", False, False),
        ("https://*.example.org/callback", False, False),
        ("https://app.example.org/callback#a", False, False),
        ("https://user:pass@app.example.org/callback", False, False),
        ("https://App.example.org/callback", False, False),
        ("https://app.example.org/a/../b", False, False),
        ("https://app.example.org/a/%2e%2E/b", False, False),
        ("https://app.example.org/./b", False, False),
        ("https://app.example.org/\u00e9", False, False),
        ("https://app.example.org/a b", False, False),
        ("https://app.example.org\\evil", False, False),
        ("/callback", False, False),
        ("https:///callback", False, False),
        ("https://app.example.org/" + "a" * 2000, False, False),
    ],
)
def test_what_may_be_registered(uri: str, public: bool, allowed: bool) -> None:
    assert (redirect_uri_fault(uri, public=public) == "") is allowed


def test_answers_keep_what_the_uri_has() -> None:
    assert add_parameters(REGISTERED, {"code": "a b", "state": None}) == f"{REGISTERED}?code=a+b"
    assert (
        add_parameters("https://a.example/?x=1", {"code": "1", "state": "&"})
        == "https://a.example/?x=1&code=1&state=%26"
    )


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        (REGISTERED, "https://app.example.org"),
        ("http://[::1]:80/cb", "http://[::1]:80"),
        ("com.example.app:/callback", "com.example.app:"),
    ],
)
def test_the_source_of_a_policy_names_the_place(uri: str, source: str) -> None:
    assert origin_source(uri) == source
