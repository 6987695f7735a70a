"""The compose file and the Kustomize base: they parse, fit their schemas, and name each process and setting we have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest
import yaml

from core.infra.postgres.roles import ROLES, WORKER
from core.settings import PREFIX, Settings
from local.install.weights import environment
from local.services.model_probe import REPOSITORY
from local.services.seaweedfs import access_config
from local.services.table import SINKS
from schemas.access.object_policies import WRITES
from schemas.access.process_settings import GUARDED, OPTIONAL, SETTINGS_OF
from schemas.stages import TABLE
from tests.contract.rigs.compose_file import process_of
from tests.deploy.own_secrets import check_own

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BASE = DEPLOY / "k8s" / "base"
COMPOSE = DEPLOY / "compose"
REQUIRED = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings) if field.required} | {
    PREFIX + name.upper() for name in GUARDED - OPTIONAL - {"kafka_users"}
}
KNOWN = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    return loaded


def kustomization() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    return loaded


def documents(name: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all((BASE / name).read_text()) if document]


RESOURCES = [document for name in kustomization()["resources"] for document in documents(name)]
WORKLOADS = [one for one in RESOURCES if one["kind"] in ("Deployment", "StatefulSet", "Job")]


def containers(workload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workload["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_each_resource_fits_the_schema_of_kubernetes(resource: dict[str, Any]) -> None:
    kubernetes_validate.validate(resource, "1.37", strict=True)


def test_the_example_secret_fits_too() -> None:
    for secret in documents("secret.example.yaml"):
        kubernetes_validate.validate(secret, "1.37", strict=True)
        assert not any(secret["stringData"].values()), "an example holds no secret"


def test_every_file_of_the_base_is_used() -> None:
    files = {path.name for path in BASE.glob("*.yaml")}
    assert files - set(kustomization()["resources"]) == {"kustomization.yaml", "secret.example.yaml"}


def test_every_process_runs_on_kubernetes() -> None:
    commands = {" ".join(container.get("command", [])) for one in WORKLOADS for container in containers(one)}
    assert processes() == {command for command in commands if command.startswith("python")}
    replicas = {one["metadata"]["name"]: one["spec"].get("replicas") for one in WORKLOADS}
    assert {row.name: replicas[row.name] for row in TABLE} == {row.name: row.workers for row in TABLE}


def test_every_process_runs_in_compose() -> None:
    commands = {" ".join(service.get("command", [])) for service in compose()["services"].values()}
    once = {f"python -m streams --{one}" for one in ("bootstrap", "reseal", "kafka-users")}
    assert processes() | once == {one for one in commands if one.startswith("python")}
    replicas = {name: service.get("deploy", {}).get("replicas", 1) for name, service in compose()["services"].items()}
    assert {row.name: replicas[row.name] for row in TABLE} == {row.name: row.workers for row in TABLE}


def processes() -> set[str]:
    stages = {f"python -m streams --stage {row.name}" for row in TABLE}
    sinks = {f"python -m streams --sink {sink}" for sink in SINKS}
    return stages | sinks | {"python -m api", "python -m streams --relay", "python -m streams --migrate"}


def test_kubernetes_names_every_setting_that_has_no_default() -> None:
    literals = {line.split("=", 1)[0] for line in kustomization()["configMapGenerator"][0]["literals"]}
    secrets = [one["stringData"] for one in documents("secret.example.yaml")]
    named = literals.union(*(one for one in secrets if any(name.startswith(PREFIX) for name in one)))
    assert named >= REQUIRED
    assert named <= KNOWN


def test_each_process_of_compose_gets_only_its_own_secrets() -> None:
    services = compose()["services"].values()
    given = {process_of(one.get("command", [])): set(one.get("environment", {})) for one in services}
    assert set(SETTINGS_OF) - {"rewind", "grow-topics", "policies"} == set(given) - {None}
    for process, variables in given.items():
        if process is not None:
            check_own(process, variables)
            assert variables <= KNOWN
            assert variables >= {PREFIX + name for name in ("S3", "TRITON")}


def test_every_process_of_compose_has_its_own_key_to_the_object_store() -> None:
    """With the policy that the code has: another key of its name is refused."""
    given = {}
    for service in compose()["services"].values():
        environment = service.get("environment", {})
        if f"{PREFIX}S3_ACCESS_KEY" in environment and (process := process_of(service["command"])):
            secret = environment[f"{PREFIX}S3_SECRET_KEY"].replace(":?set it in .env", "")
            given[process] = (environment[f"{PREFIX}S3_ACCESS_KEY"], secret)
    config = compose()["configs"]["s3"]["content"].replace(":?set it in .env", "")
    told = msgspec.json.decode(config)
    keys = {process: given[process] for process in (*WRITES, "migrate")}
    assert told == access_config(("${S3_ACCESS_KEY}", "${S3_SECRET_KEY}"), keys, "clipstream")
    assert len({secret for _, secret in given.values()}) == len(given) == len(WRITES) + 1


def test_every_process_of_compose_has_a_role_of_its_own() -> None:
    """The addresses that migrations let in are those that the processes use."""
    roles: dict[str, set[str]] = {}
    for service in compose()["services"].values():
        process = process_of(service.get("command", []))
        for name, value in service.get("environment", {}).items():
            if process and name.startswith(f"{PREFIX}POSTGRES_") and "OWNER" not in name:
                roles.setdefault(process, set()).update(re.findall(r"//(clipstream_\w+):", value))
    assert roles.pop("migrate") == set().union(*roles.values()) == set(ROLES) - {WORKER}
    assert len([role for own in roles.values() for role in own]) == len(ROLES) - 1


def test_every_variable_of_compose_is_in_the_example() -> None:
    """Or the setting has a default of its own."""
    text = (COMPOSE / "compose.yaml").read_text()
    used = set(re.findall(r"\$\{([A-Z0-9_]+)(?::\?[^}]*)?\}", text))
    given = {line.split("=")[0] for line in (COMPOSE / ".env.example").read_text().splitlines() if "=" in line}
    assert used == given


def test_every_image_is_pinned() -> None:
    for name, service in compose()["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert tag[:1].isdigit() or tag[:2] in ("v1", "v2"), f"{name} floats: {service['image']}"
    named = {container["image"] for one in WORKLOADS for container in containers(one)}
    assert named == {image["name"] for image in kustomization()["images"]}


def test_every_dependency_of_compose_exists_and_has_a_health_check() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}"
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other]


def test_every_volume_of_compose_is_declared() -> None:
    declared = set(compose()["volumes"])
    for service in compose()["services"].values():
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] not in "/."}
        assert named <= declared


def test_nothing_of_ours_runs_as_root_or_may_become_it() -> None:
    assert "no-new-privileges:true" in compose()["x-product"]["security_opt"]
    assert re.search(r"^USER 10001$", (COMPOSE / "Dockerfile").read_text(), re.MULTILINE)
    for one in WORKLOADS:
        for container in containers(one):
            if container["image"] == "clipstream":
                assert container["securityContext"]["allowPrivilegeEscalation"] is False
                assert one["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("name", ["Dockerfile", "triton.Dockerfile"])
def test_every_path_that_an_image_copies_exists(name: str) -> None:
    for line in (COMPOSE / name).read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (DEPLOY.parent / source).exists(), f"{name} copies {source}"


def test_triton_is_ready_when_all_of_its_models_are() -> None:
    """A probe of one model would not cover the others, or a model that is added later."""
    (triton,) = [one for one in WORKLOADS if one["metadata"]["name"] == "triton"]
    (container,) = containers(triton)
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert "/v2/health/ready" in compose()["services"]["triton"]["healthcheck"]["test"][1]


def test_the_image_lays_weights_where_the_models_look() -> None:
    defaults = {
        name
        for config in REPOSITORY.glob("*/config.pbtxt")
        for name in re.findall(r'string_value: "/weights/([^"]+)"', config.read_text())
    }
    assert defaults == {Path(path).name for path in environment(Path("/weights")).values()}


def test_a_dead_model_can_be_loaded_again_in_the_image() -> None:
    """Clients reload a model whose process died, which Triton allows in explicit mode only."""
    command = (COMPOSE / "triton.Dockerfile").read_text().rpartition("\nCMD ")[2]
    assert '"--model-control-mode=explicit", "--load-model=*"' in command
