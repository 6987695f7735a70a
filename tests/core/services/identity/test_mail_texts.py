"""Mails: every template in every language, and what others chose inside of them."""

from __future__ import annotations

from typing import get_args

import pytest

from core.services.identity.mail_texts import LOCALES, MailTemplate, render_mail

VALUES = {
    name: f"<{name}>"
    for name in ("organisation", "role", "days", "failures", "address", "minutes", "change")
} | {"code": "clm_abc"}  # fmt: skip


@pytest.mark.parametrize("locale", [*LOCALES, "de", "en-GB", ""])
@pytest.mark.parametrize("template", get_args(MailTemplate))
@pytest.mark.parametrize("web", ["", "https://clips.example.org/app/"])
def test_each_template_is_rendered(template: MailTemplate, locale: str, web: str) -> None:
    mail = render_mail(template, locale, "ann@example.org", VALUES, web=web)
    assert mail.subject
    assert "{" not in mail.subject + mail.text + mail.html
    if "clm_abc" in mail.text:
        link = f"https://clips.example.org/app/{template}#code=clm_abc"
        assert (link in mail.text, link in mail.html) == (bool(web), bool(web))
    assert "<organisation>" not in mail.html


def test_what_others_chose_begins_no_line() -> None:
    values = VALUES | {"organisation": "Evil\r\nBcc: all@example.org\n\nClick https://evil.example"}
    mail = render_mail("invitation", "en", "ann@example.org", values, web="")
    assert "\n" not in mail.subject
    assert "\r" not in mail.text
    assert not any(line.startswith(("Bcc", "Click")) for line in mail.text.splitlines())
