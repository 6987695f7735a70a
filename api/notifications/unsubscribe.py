"""Turn mails off by the signed link of a mail, without a sign-in (RFC 8058)."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from api.http.browsers.page_languages import PageLanguage, choose_page_language, language_headers
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem
from core.infra.postgres.connection import person_transaction
from core.services.notifications.stop_links import PATH, StopLink, read_token
from core.storage.notifications import recipients
from schemas.notifications import KINDS, TABLE, effective


class _StopWords(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages say in one language."""

    ask_title: str
    ask_text: str
    button: str
    done_title: str
    done_text: str
    others: str
    daily: str
    kinds: Mapping[str, str] = {}
    """Titles of the kinds of mail; one that is missing has the API's own."""


WORDS: Mapping[PageLanguage, _StopWords] = {
    "en": _StopWords(
        ask_title="Turn these mails off?",
        ask_text="You will get no more mails of this kind: {name}.",
        button="Turn them off",
        done_title="These mails are off",
        done_text="You get no more mails of this kind: {name}.",
        others="All other notifications stay as they are.",
        daily="The daily mail",
    ),
    "de": _StopWords(
        ask_title="Diese E-Mails abstellen?",
        ask_text="Sie bekommen dann keine E-Mails dieser Art mehr: {name}.",
        button="Abstellen",
        done_title="Diese E-Mails sind abgestellt",
        done_text="Sie bekommen keine E-Mails dieser Art mehr: {name}.",
        others="Alle anderen Mitteilungen bleiben, wie sie sind.",
        daily="Die tägliche E-Mail",
        kinds={
            "clips.ready": "Ein Projekt ist zu Ende, und seine Clips sind fertig",
            "project.finished": "Ein Projekt ist ohne Clip zu Ende",
            "project.failed": "Ein Projekt ist gescheitert",
            "export.failed": "Ein Export, der verlangt wurde, ist gescheitert",
            "quota.near": "80 % einer Grenze des Tarifs sind verbraucht",
            "quota.reached": "Eine Grenze des Tarifs ist erreicht",
            "webhook.disabled": "Ein Endpunkt von Webhooks wurde abgeschaltet",
            "invitation.accepted": "Jemand ist der Organisation beigetreten",
            "key.expiring": "Ein API-Schlüssel läuft in sieben Tagen ab",
            "payment.failed": "Eine Zahlung ist fehlgeschlagen",
        },
    ),
}
_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
}


class StopQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of the link."""

    token: Annotated[str, Meta(min_length=1, max_length=300, examples=["Ja3GrJmFCCndYWOInMJQHw"])]
    """Signed; it names a person, an organisation and a kind, and is good for nothing else."""


async def show_stop_page(call: Call[None, StopQuery]) -> Reply:
    """Show a page with a button that turns the mails off. Opening it changes nothing."""
    link = _link(call)
    language = _language(call)
    words, token = WORDS[language], html.escape(call.query.token)
    form = f'<form method="post" action="?token={token}"><button>{words.button}</button></form>'
    return _page(words.ask_title, f"<p>{words.ask_text.format(name=_name(link, words))}</p>{form}", language)


async def stop_mails(call: Call[None, StopQuery]) -> Reply:
    """Turn the mails of a link's kind off, for its person and organisation; a repeat changes nothing."""
    link = _link(call)
    async with person_transaction(call.context.pool, link.user_id, link.org_id) as rows:
        kinds = [link.kind]
        if link.kind == "daily":
            chosen = {choice.kind: choice for choice in await recipients.list_choices(rows, link.user_id, link.org_id)}
            kinds = [
                row.name
                for row in TABLE
                if row.daily
                and effective(row, chosen[row.name].mail if row.name in chosen else None, None).mail == "daily"
            ]
        for kind in kinds:
            await recipients.write_choice(rows, link.user_id, link.org_id, kind, mail="off")
    language = _language(call)
    words = WORDS[language]
    return _page(words.done_title, f"<p>{words.done_text.format(name=_name(link, words))}</p>", language)


def _link(call: Call[None, StopQuery]) -> StopLink:
    link = read_token(call.context.ring, call.query.token)
    if link is None or (link.kind in KINDS and KINDS[link.kind].security):
        call.context.refusals.require(call.address)
        raise ApiProblem("not-found", "This link is not one of ours, or is not whole.")
    return link


def _language(call: Call[None, StopQuery]) -> PageLanguage:
    return choose_page_language(call.request.headers.get("accept-language"))


def _name(link: StopLink, words: _StopWords) -> str:
    if link.kind not in KINDS:
        return html.escape(words.daily)
    return html.escape(words.kinds.get(link.kind, KINDS[link.kind].title))


def _page(title: str, body: str, language: PageLanguage) -> Reply:
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title></head>'
        '<body style="max-width:560px;margin:48px auto;padding:0 16px;font:16px/1.5 system-ui,sans-serif">'
        f"<h1>{title}</h1>{body}<p>{WORDS[language].others}</p></body></html>"
    )
    headers = {**_PAGE_HEADERS, **language_headers(language)}
    return Reply(body=page.encode(), media_type="text/html; charset=utf-8", headers=headers)


OPERATIONS = (
    Operation(
        method="GET",
        path=PATH,
        name="showUnsubscribePage",
        tag="people",
        permission="public",
        summary="Show the page that turns mails off",
        handler=show_stop_page,
        query=StopQuery,
        media_types=("text/html",),
        problems=("not-found", "rate-limited"),
    ),
    Operation(
        method="POST",
        path=PATH,
        name="unsubscribe",
        unaudited="a person turns off mails to themselves, by a link instead of a sign-in",
        tag="people",
        permission="public",
        transactional=False,
        summary="Turn mails of one kind off by a link",
        handler=stop_mails,
        query=StopQuery,
        media_types=("text/html",),
        problems=("not-found", "rate-limited"),
    ),
)
