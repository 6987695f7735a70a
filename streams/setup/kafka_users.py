"""Make Kafka's users and access rules, by the login of an administrator. Safe to repeat.

Entries of ``CLIPSTREAM_KAFKA_USERS`` are ``user:password``; each user is a principal of schemas/access/kafka_acls.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from core.infra.kafka.access import MECHANISM, kafka_access
from core.infra.kafka.administration import await_login, open_administration
from core.settings import MissingSettingError, Settings
from schemas.access.kafka_acls import access_rules


async def make_kafka_users(settings: Settings) -> None:
    """Give the users their passwords, all principals their rules, and wait until each user can log in.

    Raises MissingSettingError, AdministrationError, and Unavailable where Kafka does not answer.
    """
    passwords = read_users(settings.kafka_users)
    administrator = kafka_access(settings)
    async with open_administration(administrator) as administration:
        await administration.put_users(passwords)
        await administration.put_rules(access_rules())
    for user, password in passwords.items():
        credentials = {"user": user, "password": password, "mechanism": MECHANISM}
        await await_login(msgspec.structs.replace(administrator, **credentials))
    structlog.get_logger().info("users are made", store="kafka", users=len(passwords), rules=len(access_rules()))


def read_users(entries: Sequence[str]) -> dict[str, str]:
    """User → password. Raises MissingSettingError for a wrong entry; its message quotes no password."""
    principals = {rule.principal for rule in access_rules()}
    passwords: dict[str, str] = {}
    for entry in entries:
        user, _, password = entry.partition(":")
        if user not in principals:
            raise MissingSettingError(
                f"CLIPSTREAM_KAFKA_USERS names a user without rules, {user!r}: `clipstream acls` prints those that have"
            )
        if not password or user in passwords:
            raise MissingSettingError(f"CLIPSTREAM_KAFKA_USERS must give {user} one password")
        passwords[user] = password
    return passwords
