"""Texts as they are compared."""

from __future__ import annotations

from core.domain.text.word_joining import searched


def test_texts_are_compared_without_case_and_accents() -> None:
    assert searched("Élena MÁRKOVÁ") == searched("elena marková") == "elena markova"
    assert searched("ΑΘΉΝΑ") == searched("Αθήνα")
    assert searched("ЖЮЛЬ") == "жюль"
    assert searched("Straße") == "strasse"
