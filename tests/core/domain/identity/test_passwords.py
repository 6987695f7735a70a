"""Passwords that are refused, and those that are not."""

from __future__ import annotations

import pytest

from core.domain.identity.passwords import MAX_LENGTH, MIN_LENGTH, password_fault


@pytest.mark.parametrize(
    "password",
    [
        "", "short", "a" * (MIN_LENGTH - 1), "a" * (MAX_LENGTH + 1), "aaaaaaaaaaaa", "abababababab", "1234567890",
        "0987654321", "qwertyuiop", "abcdefghijkl", "Password123", "PASSWORD1234!", "passwordpassword", "iloveyou2026",
        "welcome!!!!!!", "1q2w3e4r5t6", "qwertyqwerty", "ann@example.org", "ann.lee12345",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password: str) -> None:
    email = "ann.lee@example.org" if password.startswith("ann.lee") else "ann@example.org"
    assert password_fault(password, email=email)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "Tr0ub4dor&3xyz",
        "日本語のパスワードです",
        "password of my cat",
        "k8!vQ2mz#p",
        "a" * 9 + "bcd",
    ],
)
def test_others_are_taken(password: str) -> None:
    assert password_fault(password, email="ann@example.org") == ""
