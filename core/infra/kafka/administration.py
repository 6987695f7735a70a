"""Users and access rules of a Kafka cluster, for the principal that administers it."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from schemas.access.kafka_acls import AccessRule

RESOURCE_CODES = {"Topic": 2, "Group": 3}
OPERATION_CODES = {
    "Read": 3, "Write": 4, "Create": 5, "Alter": 7, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11,
}  # fmt: skip
"""org.apache.kafka.common.acl.AclOperation."""
ANY, ALLOW, LITERAL, EVERY_HOST = 1, 3, 3, "*"
SCRAM_SHA_512_CODE = 2
SCRAM_ITERATION_COUNT = 4096
"""The least that Kafka takes; a password here is random, so a slow hash protects nothing."""
SALT_BYTES = 24
LOGIN_TRY_COUNT, LOGIN_PAUSE_S = 100, 0.1


class AdministrationError(RuntimeError):
    """The cluster refused a change; the message has its words."""


class ScramResponse(Response):  # type: ignore[misc]  # aiokafka's types are not known
    """Answer of AlterUserScramCredentials, which aiokafka does not bring."""

    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ScramRequestStruct(RequestStruct):  # type: ignore[misc]  # aiokafka's types are not known
    """AlterUserScramCredentials, version 0 (KIP-554)."""

    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = ScramResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Asked(Request[Any]):  # type: ignore[misc]  # aiokafka's types are not known
    """A request that is made already: one version, known to every broker that we run with."""

    API_KEY = -1

    def __init__(self, struct: RequestStruct) -> None:
        self._struct = struct

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> RequestStruct:
        return self._struct

    def build(self, request_struct_class: Any) -> Any:
        return self._struct


class Administration:
    """Changes users and rules. Made by `open_administration`."""

    def __init__(self, client: Any) -> None:
        """``client`` is a started AIOKafkaAdminClient."""
        self._client = client

    async def put_users(self, password_by_user: Mapping[str, str]) -> None:
        """Make users of SCRAM-SHA-512, or give them these passwords. Raises AdministrationError, KafkaError."""
        credentials = [_credential(name, password) for name, password in password_by_user.items()]
        answer = await self._ask(ScramRequestStruct([], credentials, {}))
        _raise_first((code, text) for _, code, text, _ in answer.results)

    async def put_rules(self, rules: Collection[AccessRule]) -> None:
        """Let the principals of ``rules`` do what these say, and nothing else. Raises as `put_users`."""
        required = {_as_acl(rule) for rule in rules}
        present = {acl for name in {rule.principal for rule in rules} for acl in await self._list_acls(name)}
        if missing := sorted(required - present):
            answer = await self._ask(CreateAclsRequest_v1(missing))
            _raise_first(answer.creation_responses)
        if surplus := sorted(present - required):
            answer = await self._ask(DeleteAclsRequest_v1(surplus))
            _raise_first((code, text) for code, text, _ in answer.filter_responses)

    async def _list_acls(self, principal: str) -> list[tuple[Any, ...]]:
        answer = await self._ask(DescribeAclsRequest_v1(ANY, None, ANY, f"User:{principal}", None, ANY, ANY))
        _raise_first([(answer.error_code, answer.error_message)])
        return [(kind, name, pattern, *acl) for kind, name, pattern, acls in answer.resources for acl in acls]

    async def _ask(self, struct: RequestStruct) -> Any:
        return await self._client._send_to_controller(_Asked(struct))


@asynccontextmanager
async def open_administration(access: KafkaAccess) -> AsyncIterator[Administration]:
    """Log in as the administrator. Raises Unavailable where Kafka does not answer, or knows no such user."""
    client = AIOKafkaAdminClient(**access.client_options())
    try:
        await client.start()
        yield Administration(client)
    except KafkaConnectionError as error:
        raise Unavailable("kafka", str(error)) from error
    finally:
        await client.close()


async def await_login(access: KafkaAccess) -> None:
    """Log in until it works: a broker learns of a user a moment after the controller has taken it.

    Raises Unavailable where it never does.
    """
    for _ in range(LOGIN_TRY_COUNT - 1):
        try:
            async with open_administration(access):
                return
        except Unavailable:
            await asyncio.sleep(LOGIN_PAUSE_S)
    async with open_administration(access):
        return


def _credential(user: str, password: str) -> tuple[str, int, int, bytes, bytes, dict[int, bytes]]:
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, SCRAM_ITERATION_COUNT)
    return user, SCRAM_SHA_512_CODE, SCRAM_ITERATION_COUNT, salt, salted, {}


def _as_acl(rule: AccessRule) -> tuple[int, str, int, str, str, int, int]:
    kind, operation = RESOURCE_CODES[rule.resource], OPERATION_CODES[rule.operation]
    return kind, rule.name, LITERAL, f"User:{rule.principal}", EVERY_HOST, operation, ALLOW


def _raise_first(outcomes: Any) -> None:
    for code, text in outcomes:
        if code:
            error: type[KafkaError] = for_code(code)
            raise AdministrationError(f"{error.__name__}: {text or error.description}")
