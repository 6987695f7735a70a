"""Pages that the API makes itself, in the language that a browser prefers."""

from __future__ import annotations

import datetime as dt
import re
from uuid import UUID

import msgspec
import pytest

from api.http.browsers.page_languages import PageLanguage, choose_page_language
from api.notifications import unsubscribe
from api.oauth import consent_words, page_html
from api.sharing import share_words
from api.sharing.models import PublicShare, SharedClip, SharedDownload
from api.sharing.share_html import embed_page, ended_page, share_page
from core.domain.oauth.scopes import SENTENCES
from schemas.notifications import TABLE

NOW = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
SOME_ID = UUID("0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21")
LINK = SharedDownload(url="https://store/clip.mp4", filename="clip.mp4", size_bytes=1_500_000)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"), ("", "en"), ("fr-FR, ja", "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("DE-ch", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"), ("fr, de;q=0.7, en;q=0.3", "de"), ("en;q=0.2, de;q=0.9", "de"),
        ("de;q=0", "en"), ("de;q=x", "en"), ("de;v=1", "en"), ("*", "en"), ("den, dex;q=1", "en"),
        ("x" * 5000 + ",de", "en"),
    ],
)  # fmt: skip
def test_the_preferred_of_the_known_languages_is_chosen(header: str | None, language: PageLanguage) -> None:
    assert choose_page_language(header) == language


def shared(count: int) -> PublicShare:
    clip = SharedClip(
        export_id=SOME_ID, title="", kind="video", content_type="video/mp4", duration_ms=65_000, width_px=1080,
        height_px=1920, video_url="https://store/clip.mp4", poster_url="https://store/poster.jpg",
        burned_in_captions=True, captions=[], download=LINK, draft=True,
    )  # fmt: skip
    return PublicShare(
        title="Für die <Presse>", organisation=None, expires_at=NOW, allow_download=True, links_expire_at=NOW,
        page_url="https://api/s/x", embed_url="https://api/embed/x", clips=[clip] * count,
    )  # fmt: skip


def test_a_share_page_speaks_german() -> None:
    page = share_page(shared(2), storage="https://store", language="de")
    text = bytes(page.body).decode()
    for words in (
        '<html lang="de">',
        "2 Clips",
        "verfügbar bis 9. März 2026",
        "Herunterladen <small>1,5 MB",
        "Das ist ein Entwurf",
    ):
        assert words in text, words
    assert "&lt;Presse&gt;" in text
    assert (page.headers["vary"], page.headers["content-language"]) == ("Accept-Language", "de")
    english = bytes(share_page(shared(1), storage="", language="en").body).decode()
    assert '<html lang="en">' in english
    assert "1:05 · available until 9 March 2026" in english
    assert '<html lang="de">' in bytes(embed_page(shared(2), 1, storage="", language="de").body).decode()


def test_an_ended_link_says_why_in_german() -> None:
    words = share_words.WORDS["de"].ended["share-ended"]
    page = ended_page(words, "de", detail="The link expired.", status=404)
    text = bytes(page.body).decode()
    assert "Dieser Link ist beendet" in text
    assert "The link expired." not in text
    assert page.headers["vary"] == "Accept-Language"


def test_the_pages_of_apps_speak_german() -> None:
    sign_in = page_html.sign_in_page("a=b", "de", app="Uhr & Co", fault="Nein.", status=401)
    text = bytes(sign_in.body).decode()
    assert '<html lang="de">' in text
    assert "Uhr &amp; Co bittet um Zugang" in text
    assert '<label for="password">Passwort</label>' in text
    assert sign_in.headers["vary"] == "Accept-Language"
    consent = page_html.Consent(
        app="Uhr", publisher="Werk", homepage="", scopes=["projects:read"], chosen=SOME_ID, email="a@example.org",
        choices=[page_html.OrganisationChoice(org_id=SOME_ID, name="Haus", role="editor", allows=True)],
        redirect_uri="https://app.example.org/cb", request="a=b", token="t",
    )  # fmt: skip
    asked = bytes(page_html.consent_page(consent, "/oauth/authorize", "de").body).decode()
    for words in ("Uhr bittet um Zugang", "Erlauben", "Ablehnen", "Uploads, Projekte", "In <strong>Haus</strong>"):
        assert words in asked, words
    assert "Noch ein Schritt" in bytes(page_html.code_page("a=b", "de", challenge="c").body).decode()
    assert "Das ging nicht" in bytes(page_html.error_page("No app.", "de", status=400).body).decode()


def test_german_is_complete() -> None:
    """Each scope, role and kind of mail has German words, and no sentence is the English one again."""
    english, german = consent_words.WORDS["en"], consent_words.WORDS["de"]
    assert set(german.scopes) == set(SENTENCES)
    assert set(german.roles) == set(english.roles)
    assert set(unsubscribe.WORDS["de"].kinds) == {row.name for row in TABLE if not row.security}
    for of_language in (consent_words.WORDS, share_words.WORDS, unsubscribe.WORDS):
        told = {language: msgspec.to_builtins(words) for language, words in of_language.items()}
        same = [name for name, text in told["en"].items() if isinstance(text, str) and text == told["de"][name]]
        assert set(same) <= {"code", "clip", "list_label"}, same
        holes = [re.findall(r"\{\w+\}", str(told[language])) for language in ("en", "de")]
        assert sorted(holes[0]) == sorted(holes[1])
