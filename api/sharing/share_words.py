"""Words of share pages in the languages that they speak. Data, and times as each language writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from api.http.browsers.page_languages import PageLanguage
from core.domain.clock_format import format_date

_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
    "Dezember",
)  # fmt: skip


class EndedWords(msgspec.Struct, frozen=True, kw_only=True):
    """Why a page shows nothing."""

    title: str
    detail: str = ""
    """Instead of the API's own sentence; empty: that sentence."""
    advice: str = ""


class ShareWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a share page says of itself, without what people wrote."""

    clips: str
    until: str
    clip: str
    list_label: str
    draft: str
    download: str
    captions: str
    made_with: str
    decimal_mark: str
    ended: Mapping[str, EndedWords]
    """By the code of the problem; `""`: any other."""
    away: EndedWords
    broken: EndedWords


WORDS: Mapping[PageLanguage, ShareWords] = {
    "en": ShareWords(
        clips="{count} clips",
        until="available until {date}",
        clip="Clip {number}",
        list_label="Clips",
        draft="This is a draft, with a mark over the picture.",
        download="Download",
        captions="Captions",
        made_with="Made with Clipstream",
        decimal_mark=".",
        ended={
            "not-found": EndedWords(
                title="There is nothing here", advice="Check that the address is whole, as it was given to you."
            ),
            "share-ended": EndedWords(title="This link has ended", advice="Ask who gave it to you for a new one."),
            "rate-limited": EndedWords(title="Too many requests", advice="Wait a minute, then open it again."),
            "": EndedWords(title="This did not work"),
        },
        away=EndedWords(title="One moment", detail="Clipstream does not answer just now."),
        broken=EndedWords(title="This did not work", detail="Something is broken here; it was reported."),
    ),
    "de": ShareWords(
        clips="{count} Clips",
        until="verfügbar bis {date}",
        clip="Clip {number}",
        list_label="Clips",
        draft="Das ist ein Entwurf mit einer Marke über dem Bild.",
        download="Herunterladen",
        captions="Untertitel",
        made_with="Erstellt mit Clipstream",
        decimal_mark=",",
        ended={
            "not-found": EndedWords(
                title="Hier ist nichts",
                detail="Diesen Link gibt es nicht.",
                advice="Prüfen Sie, ob die Adresse ganz ist, wie Sie sie bekommen haben.",
            ),
            "share-ended": EndedWords(
                title="Dieser Link ist beendet",
                detail="Er ist abgelaufen oder wurde zurückgenommen, oder was er zeigte, gibt es nicht mehr.",
                advice="Bitten Sie, wer ihn Ihnen gab, um einen neuen.",
            ),
            "rate-limited": EndedWords(
                title="Zu viele Anfragen",
                detail="Von dieser Adresse kamen zu viele Anfragen.",
                advice="Warten Sie eine Minute, und öffnen Sie ihn dann noch einmal.",
            ),
            "": EndedWords(title="Das ging nicht", detail="Die Anfrage wurde abgelehnt."),
        },
        away=EndedWords(title="Einen Augenblick", detail="Clipstream antwortet gerade nicht."),
        broken=EndedWords(title="Das ging nicht", detail="Hier ist etwas kaputt; es wurde gemeldet."),
    ),
}


def page_date(at: dt.datetime, language: PageLanguage) -> str:
    """A day as the page's language writes it, in UTC."""
    if language == "en":
        return format_date(at)
    day = at.astimezone(dt.UTC)
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"
