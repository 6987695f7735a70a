"""Every page that a mail or a push names is an address of the app."""

from __future__ import annotations

import re
from pathlib import Path

from core.services.identity.mail_texts import render_mail

ROOT = Path(__file__).parents[2]
_ROUTES = (ROOT / "web" / "src" / "routes.ts").read_text()
_NAMED = re.compile(r"\bpage=f?\"([^\"]+)\"|return f\"(projects/)")


def _addresses() -> set[str]:
    known = set(re.findall(r"path: \"/([^\"]*)\"", _ROUTES))
    forwarded = set(re.findall(r"^  \"/([^\"]+)\": \[", _ROUTES, re.MULTILINE))
    return {re.sub(r":\w+", "*", one) for one in known | forwarded}


def _has(page: str) -> bool:
    return page in _addresses() or f"{page.rstrip('/').rpartition('/')[0] or page.rstrip('/')}/*" in _addresses()


def test_pages_of_mails_and_pushes_exist() -> None:
    for file in ("core/services/identity/mail_texts.py", "core/domain/notifications/texts.py"):
        pages = {named or shared for named, shared in _NAMED.findall((ROOT / file).read_text())}
        assert len(pages) >= 3
        assert [page for page in pages if not _has(page)] == [], _addresses()


def test_a_code_stands_behind_the_address_where_no_server_reads_it() -> None:
    mail = render_mail(
        "invitation",
        "en",
        "a@example.org",
        {"code": "cli_x", "organisation": "A", "role": "viewer", "days": "7"},
        web="https://c.example/app",
    )
    assert "https://c.example/app/invitation#code=cli_x" in mail.text
