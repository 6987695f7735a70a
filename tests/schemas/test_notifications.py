"""The catalogue of notifications: every choice of every kind, and what holds where it is not possible."""

from __future__ import annotations

from typing import get_args

import pytest

from schemas.notifications import KINDS, TABLE, KindRow, MailMode, effective


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
@pytest.mark.parametrize("mail", [None, *get_args(MailMode)])
@pytest.mark.parametrize("push", [None, "on", "off"])
def test_the_matrix_of_choices(row: KindRow, mail: str | None, push: str | None) -> None:
    choice = effective(row, mail, push)
    assert choice.push == (push or row.push)
    if row.security:
        assert choice.mail == "each"
    elif mail == "daily" and not row.daily:
        assert choice.mail == row.mail
    else:
        assert choice.mail == (mail or row.mail)


def test_each_default_can_be_chosen() -> None:
    assert all(row.mail in row.mail_modes for row in TABLE)
    assert len(KINDS) == len(TABLE)


def test_what_concerns_an_account_alone_is_security() -> None:
    assert {row.name for row in TABLE if row.permission is None} == {row.name for row in TABLE if row.security}
