"""Rules for passwords: long enough, and none that every list of guesses begins with."""

from __future__ import annotations

MIN_LENGTH = 10
MAX_LENGTH = 256
"""Characters: more would only cost time."""
_ROOTS = frozenset(
    """
    password passw0rd p@ssword p@ssw0rd qwerty qwertyuiop qwertzuiop azertyuiop asdfghjkl zxcvbnm letmein welcome
    iloveyou sunshine princess football baseball monkey dragon superman batman trustno1 admin administrator changeme
    secret master shadow michael jennifer jordan hunter starwars whatever computer internet samsung google facebook
    clipstream passwort geheim hallo bonjour contraseña motdepasse senha 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc
    q1w2e3r4 q1w2e3r4t5 zaq12wsx qazwsxedc abc123 a1b2c3d4 test guest login hello freedom charlie ashley nicole
    """.split()  # noqa: SIM905 - a list of that length reads better as text
)
"""Words of the public lists of leaked passwords that grow past ten characters by digits or by repetition."""
_TRIMMINGS = "0123456789!?.,-_#$*@ "
"""What people put around a common word."""
_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


def password_fault(password: str, *, email: str = "") -> str:
    """Why a password is refused, as a sentence; empty for a good one."""
    if len(password) < MIN_LENGTH:
        return f"A password has at least {MIN_LENGTH} characters."
    if len(password) > MAX_LENGTH:
        return f"A password has at most {MAX_LENGTH} characters."
    plain = password.lower()
    if len(set(plain)) < 4 or _is_common(plain):
        return "This password is among the first that are guessed: choose another one."
    local_part = email.lower().partition("@")[0]
    if email and (plain == email.lower() or (len(local_part) > 3 and plain.strip("0123456789!.") == local_part)):
        return "A password must not be the address."
    return ""


def _is_common(plain: str) -> bool:
    if any(plain in run for run in _RUNS):
        return True
    return any(not plain.replace(root, "").strip(_TRIMMINGS) for root in _ROOTS if root in plain)
