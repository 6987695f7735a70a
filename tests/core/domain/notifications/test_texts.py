"""The words of notifications: each kind, whatever its values are."""

from __future__ import annotations

from typing import get_args

import pytest

from core.domain.notifications.mail_layout import Frame, digest_parts, mail_parts
from core.domain.notifications.texts import Facts, text_of
from schemas.notifications import KINDS, NotificationKind

EVIL = 'Talk\r\nBcc: x@example.org <script>alert("1")</script>\u202e' + "x" * 400
FRAME = Frame(web="https://app.example.org/", organisation="Ann & Co", stop_url="https://api.example.org/stop?t=1&k=2")


def test_each_kind_has_words() -> None:
    assert set(get_args(NotificationKind)) == set(KINDS)


@pytest.mark.parametrize("kind", get_args(NotificationKind))
def test_a_kind_has_words_without_any_facts(kind: NotificationKind) -> None:
    text = text_of(kind, Facts())
    assert text.title
    assert text.sentences
    for part in (text.title, *text.sentences):
        assert "{" not in part
        assert "None" not in part


@pytest.mark.parametrize("kind", get_args(NotificationKind))
def test_what_others_chose_breaks_no_line_and_no_page(kind: NotificationKind) -> None:
    details: dict[str, str | int] = {"user_agent": EVIL, "address": "192.0.2.1", "at": "2026-05-01 10:00"}
    text = text_of(kind, Facts(organisation=EVIL, project=EVIL, reason=EVIL, subject=EVIL, details=details))
    for part in (text.title, *text.sentences):
        assert part.isprintable(), part
        assert len(part) < 500
    plain, rich = mail_parts(text, FRAME)
    assert "<script" not in rich
    assert "\r" not in plain


def test_a_mail_has_its_words_twice_with_both_links() -> None:
    facts = Facts(project_id="11111111-1111-4111-8111-111111111111", project="A talk", details={"clips": 3})
    text = text_of("clips.ready", facts)
    assert text.title == "3 clips of “A talk” are ready"
    plain, rich = mail_parts(text, FRAME)
    page = "https://app.example.org/projects/11111111-1111-4111-8111-111111111111"
    assert f"Watch the clips: {page}" in plain
    assert f'href="{page}"' in rich
    assert "Turn these mails off: https://api.example.org/stop?t=1&k=2" in plain
    assert 'href="https://api.example.org/stop?t=1&amp;k=2"' in rich
    assert "a member of Ann & Co" in plain
    assert "a member of Ann &amp; Co" in rich


def test_one_clip_is_one() -> None:
    assert text_of("clips.ready", Facts(details={"clips": 1})).title == "1 clip of a project without a title is ready"


def test_without_a_web_app_there_is_no_link() -> None:
    text = text_of("clips.ready", Facts(project_id="x", details={"clips": 1}))
    plain, rich = mail_parts(text, Frame(web="", organisation="Ann", stop_url=""))
    assert "http" not in plain
    assert "href" not in rich


def test_the_daily_mail_lists_and_counts() -> None:
    texts = [text_of("clips.ready", Facts(project=f"Talk {n}", details={"clips": 2})) for n in range(3)]
    plain, rich = digest_parts("5 things", texts, 2, FRAME)
    assert plain.count("- 2 clips of") == 3
    assert rich.count("<li") == 3
    assert "And 2 more." in plain
    assert "And 2 more." in rich


def test_security_mails_name_the_account() -> None:
    plain, _ = mail_parts(text_of("sign-in.new-device", Facts()), Frame(web="", organisation="", stop_url=""))
    assert "the security of your account" in plain
