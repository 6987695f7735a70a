"""Compose: each process logs in as itself, the owner's address stays with the migration, no wall may be missing."""

from __future__ import annotations

import pytest

from core.settings import PREFIX
from schemas.access.kafka_acls import PROCESSES, login_of, principal_of
from schemas.tools import compose
from tests.contract.rigs.compose_file import FOLDER, process_of, read_compose

COMPOSE = read_compose()


def test_generated_parts_of_compose_are_current() -> None:
    """Else: `python -m schemas.tools.generate`."""
    assert {name: (FOLDER / name).read_text() for name in compose.rendered()} == compose.rendered()


def test_a_lost_passage_is_named() -> None:
    text = (FOLDER / "compose.yaml").read_text().replace("# generated: stages", "# stages")
    with pytest.raises(ValueError, match="0 passages `# generated: stages`"):
        compose.with_passages(text)


def test_every_process_of_compose_logs_in_to_kafka_as_itself() -> None:
    """With the password that the job which makes users gives its principal, and no other's."""
    logins: dict[str, tuple[str, str]] = {}
    for service in COMPOSE["services"].values():
        environment, process = service.get("environment", {}), process_of(service.get("command", []))
        if process and f"{PREFIX}KAFKA" in environment:
            logins[process] = (environment[f"{PREFIX}KAFKA_USER"], environment[f"{PREFIX}KAFKA_PASSWORD"])
    administrator, password = logins.pop("kafka-users")
    assert {process: user for process, (user, _) in logins.items()} == {
        process: principal_of(login_of(process)) for process in logins
    }
    told = COMPOSE["services"]["kafka-users"]["environment"][f"{PREFIX}KAFKA_USERS"].split(", ")
    made = dict(entry.split(":", 1) for entry in told)
    assert made == dict(logins.values())
    assert set(made) == {principal_of(process) for process in PROCESSES}
    assert len({password, *made.values()}) == len(made) + 1, "two share a password"
    broker = COMPOSE["services"]["kafka"]["environment"]
    assert broker["KAFKA_SUPER_USERS"] == f"User:{administrator}"
    protocols = dict(one.split(":") for one in broker["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols.values()) == {"SASL_PLAINTEXT"}, "somebody comes in without a login"
    assert broker["KAFKA_AUTHORIZER_CLASS_NAME"].endswith(".StandardAuthorizer")


def test_only_the_migration_of_compose_has_the_owners_address() -> None:
    """And the owner is no superuser, whose password the server has, and the job that makes the owner."""
    services = COMPOSE["services"]
    owner = f"{PREFIX}POSTGRES_OWNER"
    assert [name for name, one in services.items() if owner in one.get("environment", {})] == ["migrate"]
    assert "//clipstream_owner:" in services["migrate"]["environment"][owner]
    superuser = {name for name, one in services.items() if "${POSTGRES_PASSWORD" in str(one.get("environment", {}))}
    assert superuser == {"postgres", "postgres-owner"}


def test_media_is_refused_where_a_wall_is_missing() -> None:
    name = f"{PREFIX}SANDBOX"
    services = COMPOSE["services"].values()
    given = {
        process_of(one.get("command", [])): one["environment"].get(name) for one in services if "environment" in one
    }
    assert {process for process, value in given.items() if value == "strict"} == set(given) - {None}
    assert set(given) >= {"ingest", "render", "migrate", "bootstrap"}
    assert f"{name}=strict" in (FOLDER / "Dockerfile").read_text()
