"""Words of the pages that ask a person, in the languages that they speak. Data."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from api.http.browsers.page_languages import PageLanguage
from core.domain.oauth.scopes import SENTENCES
from schemas.access.permissions import AppScope, Role


class OAuthWords(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages say, without names."""

    sign_in: str
    asks: str
    email: str
    password: str
    second_factor: str
    code_title: str
    code_text: str
    code: str
    proceed: str
    access: str
    consent_title: str
    consent_text: str
    can: str
    refuse: str
    allow: str
    destination: str
    take_back: str
    signed_in_as: str
    other_account: str
    error: str
    error_title: str
    error_text: str
    no_organisation: str
    nothing_allowed: str
    inside: str
    which: str
    you_are: str
    none_of_this: str
    late: str
    by_passkey: str
    away: str
    broken: str
    roles: Mapping[Role, str]
    scopes: Mapping[AppScope, str]
    faults: Mapping[str, str] = {}
    """By code of a refusal; one that is missing has the API's own sentence, in English."""


WORDS: Mapping[PageLanguage, OAuthWords] = {
    "en": OAuthWords(
        sign_in="Sign in",
        asks="{app} asks for access to Clipstream. Sign in to answer it.",
        email="E-mail",
        password="Password",  # noqa: S106 - the label of a field
        second_factor="Second factor",
        code_title="One more step",
        code_text="Type the six digits of your authenticator app, or a recovery code.",
        code="Code",
        proceed="Continue",
        access="Access",
        consent_title="{app} asks for access",
        consent_text="{app} is an app of <strong>{publisher}</strong>{homepage}. Clipstream did not check it.",
        can="If you allow it, it can:",
        refuse="Refuse",
        allow="Allow",
        destination="You return to <strong>{destination}</strong>.",
        take_back="You can take this back at any time.",
        signed_in_as="You are signed in as {email}.",
        other_account="Use another account",
        error="Error",
        error_title="This did not work",
        error_text="Go back to the app, and try again there.",
        no_organisation="You belong to no organisation, so there is nothing to give access to.",
        nothing_allowed="You are {role} of {name}, and may do nothing of this.",
        inside="In <strong>{name}</strong>, and no more than you may as {role}.",
        which="In which organisation? No more than you may there.",
        you_are="you are {role}",
        none_of_this=", and may do nothing of this",
        late="That took too long.",
        by_passkey="Use a passkey",
        away="Clipstream does not answer just now.",
        broken="Something is broken here; it was reported.",
        roles={
            "owner": "an owner",
            "admin": "an admin",
            "editor": "an editor",
            "viewer": "a viewer",
            "billing": "responsible for billing",
            "operator": "an operator",
        },
        scopes=SENTENCES,
    ),
    "de": OAuthWords(
        sign_in="Anmelden",
        asks="{app} bittet um Zugang zu Clipstream. Melden Sie sich an, um zu antworten.",
        email="E-Mail",
        password="Passwort",  # noqa: S106 - the label of a field
        second_factor="Zweiter Faktor",
        code_title="Noch ein Schritt",
        code_text="Geben Sie die sechs Ziffern Ihrer Authenticator-App ein oder einen Wiederherstellungscode.",
        code="Code",
        proceed="Weiter",
        access="Zugang",
        consent_title="{app} bittet um Zugang",
        consent_text="{app} ist eine App von <strong>{publisher}</strong>{homepage}. Clipstream hat sie nicht geprüft.",
        can="Wenn Sie es erlauben, kann sie:",
        refuse="Ablehnen",
        allow="Erlauben",
        destination="Sie kehren zu <strong>{destination}</strong> zurück.",
        take_back="Sie können das jederzeit zurücknehmen.",
        signed_in_as="Sie sind angemeldet als {email}.",
        other_account="Ein anderes Konto verwenden",
        error="Fehler",
        error_title="Das ging nicht",
        error_text="Gehen Sie zurück zur App, und versuchen Sie es dort noch einmal.",
        no_organisation="Sie gehören keiner Organisation an: es gibt nichts, wozu Sie Zugang geben könnten.",
        nothing_allowed="Sie sind {role} von {name} und dürfen nichts davon.",
        inside="In <strong>{name}</strong>, und nicht mehr, als Sie als {role} dürfen.",
        which="In welcher Organisation? Nicht mehr, als Sie dort dürfen.",
        you_are="Sie sind {role}",
        none_of_this=" und dürfen nichts davon",
        late="Das hat zu lange gedauert.",
        by_passkey="Mit einem Passkey",
        away="Clipstream antwortet gerade nicht.",
        broken="Hier ist etwas kaputt; es wurde gemeldet.",
        roles={
            "owner": "Eigentümer oder Eigentümerin",
            "admin": "Verwaltung",
            "editor": "Redaktion",
            "viewer": "Betrachter oder Betrachterin",
            "billing": "Buchhaltung",
            "operator": "Betreiber oder Betreiberin",
        },
        scopes={
            "read": "Projekte, Transkripte, Clips, Markenpakete, Auswertungen, Webhooks, Verbrauch und Mitglieder "
            "sehen",
            "write": "Projekte, Clips, Exporte, Markenpakete und Webhooks anlegen, ändern und löschen",
            "projects:read": "Uploads, Projekte, Transkripte, Clips und Exporte sehen und durchsuchen",
            "projects:write": "Videos hochladen, Projekte und Clips anlegen, ändern, exportieren und löschen",
            "brand:read": "Markenpakete, Vorlagen für Untertitel und ihre Dateien sehen",
            "brand:write": "Markenpakete, Vorlagen für Untertitel und ihre Dateien ändern",
            "scoring:read": "Sehen, wie Clips bewertet werden",
            "scoring:write": "Ändern, wie Clips bewertet werden",
            "analytics:read": "Auswertungen sehen",
            "webhooks:read": "Endpunkte von Webhooks sehen und was ihnen zugestellt wurde",
            "webhooks:write": "Endpunkte von Webhooks ändern und noch einmal zustellen",
            "members:read": "Sehen, wer der Organisation angehört",
            "usage:read": "Sehen, was verbraucht wurde",
            "billing:read": "Tarif, Rechnungen und Grenzen sehen",
            "audit:read": "Das Änderungsprotokoll und das Protokoll der Anfragen sehen",
            "organisation:read": "Die Einstellungen der Organisation sehen",
        },
        faults={
            "wrong-credentials": "Adresse, Passwort oder Code ist falsch.",
            "sign-in-locked": "Zu viele Anmeldungen sind fehlgeschlagen. Warten Sie eine Weile, oder setzen Sie ein "
            "neues Passwort.",
            "email-not-verified": "Die E-Mail-Adresse ist noch nicht bestätigt.",
            "rate-limited": "Zu viele Anfragen. Warten Sie eine Minute.",
            "cross-site": "Das Formular ist zu alt oder stammt von einer anderen Seite.",
        },
    ),
}
