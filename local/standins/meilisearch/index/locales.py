"""The language of an attribute's text, or of a query: `localizedAttributes` and `locales`. Pure.

Only the choice between Chinese and Japanese is honoured; other languages are cut by spaces, whatever is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.query.query_text import is_japanese

_LISTED = """
af ak am ar az be bn bg ca cs da de el en eo et fi fr gu he hi hr hu hy id it jv ja kn ka km ko la lv lt ml
mr mk my ne nl nb or pa fa pl pt ro ru si sk sl sn es sr sv ta te tl th tk tr uk ur uz vi yi zh zu cy afr
aka amh ara aze bel ben bul cat ces dan deu ell eng epo est fin fra guj heb hin hrv hun hye ind ita jav jpn
kan kat khm kor lat lav lit mal mar mkd mya nep nld nob ori pan pes pol por ron rus sin slk slv sna spa srp
swe tam tel tgl tha tuk tur ukr urd uzb vie yid zho zul cym cmn
"""
LOCALES = _LISTED.split()
"""Languages that Meilisearch takes, in the order in which it lists them."""
Rules = Sequence[Mapping[str, Any]]


def check_locales(locales: Sequence[str], place: str, code: str) -> None:
    """Raises MeiliError for a language that Meilisearch does not know."""
    for number, locale in enumerate(locales):
        if locale not in LOCALES:
            listed = ", ".join(f"`{known_locale}`" for known_locale in LOCALES)
            raise MeiliError(code, f"Unknown value `{locale}` at `{place}[{number}]`: expected one of {listed}")


def check_rules(value: object) -> None:
    """Raises MeiliError for what are no `localizedAttributes`."""
    code, at = "invalid_settings_localized_attributes", ".localizedAttributes"
    if not isinstance(value, list):
        raise MeiliError(code, f"Invalid value type at `{at}`: expected an array, but found {_type_name(value)}")
    for number, rule in enumerate(value):
        place = f"{at}[{number}]"
        if not isinstance(rule, dict):
            raise MeiliError(code, f"Invalid value type at `{place}`: expected an object, but found {_type_name(rule)}")
        for name in ("attributePatterns", "locales"):
            if name not in rule:
                raise MeiliError(code, f"Missing field `{name}` inside `{place}`")
            if not isinstance(rule[name], list):
                message = (
                    f"Invalid value type at `{place}.{name}`: expected an array, but found {_type_name(rule[name])}"
                )
                raise MeiliError(code, message)
        check_locales(rule["locales"], f"{place}.locales", code)


def _type_name(value: object) -> str:
    return f'a string: `"{value}"`' if isinstance(value, str) else f"`{value}`"


def _fits(pattern: str, path: str) -> bool:
    """A pattern names a path, or begins or ends with `*`."""
    if pattern.startswith("*"):
        return path.endswith(pattern[1:]) or (pattern.endswith("*") and pattern.strip("*") in path)
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def locales_of(path: str, rules: Rules | None) -> list[str] | None:
    """The languages that the first rule for an attribute allows, an empty list being any; None: no rule."""
    for rule in rules or ():
        if any(_fits(pattern, path) for pattern in rule["attributePatterns"]):
            return list(rule["locales"])
    return None


def text_is_japanese(text: str, path: str, rules: Rules | None) -> bool:
    """Whether an attribute's text is read as Japanese."""
    return is_japanese(text, locales_of(path, rules) or ())


def query_is_japanese(text: str, locales: Sequence[str] | None, paths: Sequence[str], rules: Rules | None) -> bool:
    """Whether a query is read as Japanese: by its locales, else by those of the searched attributes."""
    if locales:
        return is_japanese(text, locales)
    localised = [attribute_locales for path in paths if (attribute_locales := locales_of(path, rules)) is not None]
    allowed = [locale for attribute_locales in localised for locale in attribute_locales] if all(localised) else []
    return is_japanese(text, allowed)
