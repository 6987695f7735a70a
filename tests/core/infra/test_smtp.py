"""Addresses of mail servers, and the shape of mails."""

from __future__ import annotations

import pytest

from core.infra.smtp import make_message, parse_smtp


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://user:p%40ss@mail.example", ("smtps", "mail.example", 465, "user", "p@ss")),
        ("smtp://mail.example", ("smtp", "mail.example", 587, "", "")),
        ("smtp+plain://127.0.0.1:2525", ("smtp+plain", "127.0.0.1", 2525, "", "")),
    ],
)
def test_a_server_is_read(url: str, expected: tuple[object, ...]) -> None:
    server = parse_smtp(url)
    assert (server.scheme, server.host, server.port, server.user, server.password) == expected


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x"])
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        parse_smtp(url)


def test_a_repeat_has_the_same_id() -> None:
    made = [
        make_message(sender="C <c@a.example>", to="b@b.example", subject="S", text="T", html="<p>T</p>", message_id="7")
        for _ in range(2)
    ]
    assert [message["Message-ID"] for message in made] == ["<7@a.example>"] * 2
    assert [part.get_content_type() for part in made[0].iter_parts()] == ["text/plain", "text/html"]
