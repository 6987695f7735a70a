"""Which secrets the pods of the built overlays get: each its own, by the table of processes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from core.settings import PREFIX
from schemas.access.kafka_acls import login_of, principal_of
from schemas.access.process_settings import GUARDED
from schemas.tools.kubernetes import USER_PREFIX
from tests.contract.rigs.compose_file import process_of
from tests.deploy.kustomize import K8S, PRODUCT, Manifest, named, pods
from tests.deploy.own_secrets import check_own

EXAMPLE = K8S / "base" / "secret.example.yaml"
BUILT = (*PRODUCT, "bootstrap")
KEDA = "clipstream-keda"


def secrets() -> dict[str, set[str]]:
    """Name of a Secret → its keys."""
    loaded = [one for one in yaml.safe_load_all(EXAMPLE.read_text()) if one]
    return {one["metadata"]["name"]: set(one["stringData"]) for one in loaded}


def container_of(pod: Manifest) -> dict[str, Any]:
    (only,) = pod["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def variables_of(overlay: str, container: Manifest) -> set[str]:
    """Variables of a container, from wherever they come."""
    maps = {name: set(one["data"]) for name, one in named(overlay, "ConfigMap").items()}
    found = {one["name"] for one in container.get("env", [])}
    for source in container.get("envFrom", []):
        (kind, reference), *more = source.items()
        assert not more
        found |= (maps if kind == "configMapRef" else secrets())[reference["name"]]
    return found


@pytest.mark.parametrize("overlay", BUILT)
def test_each_pod_gets_only_its_own_secrets(overlay: str) -> None:
    seen = set()
    for name, pod in pods(overlay).items():
        container = container_of(pod)
        process = process_of(container.get("command", []))
        names = {one["secretRef"]["name"] for one in container.get("envFrom", []) if "secretRef" in one}
        if process is None:
            assert (name, names) == ("triton", set())
            continue
        assert names == {"clipstream", f"clipstream-{process}"}
        check_own(process, variables_of(overlay, container))
        seen.add(process)
    assert seen == ({"bootstrap"} if overlay == "bootstrap" else {*seen, "migrate", "api", "relay", "ingest"})


@pytest.mark.parametrize("overlay", BUILT)
def test_no_pod_but_the_migration_has_the_owners_address(overlay: str) -> None:
    holders = {
        name
        for name, pod in pods(overlay).items()
        if f"{PREFIX}POSTGRES_OWNER" in variables_of(overlay, container_of(pod))
    }
    assert holders == (set() if overlay == "bootstrap" else {"migrate"})


def test_every_example_is_used_and_the_shared_one_is_open() -> None:
    used = {
        one["secretRef"]["name"]
        for overlay in ("overlays/prod", "bootstrap")
        for pod in pods(overlay).values()
        for one in container_of(pod).get("envFrom", [])
        if "secretRef" in one
    }
    assert used == set(secrets()) - {KEDA}
    assert not [name for name in secrets()["clipstream"] if name.removeprefix(PREFIX).lower() in GUARDED]
    references = named("overlays/prod", "TriggerAuthentication")["kafka"]["spec"]["secretTargetRef"]
    assert {one["key"] for one in references if one["name"] == KEDA} == secrets()[KEDA]


@pytest.mark.parametrize("overlay", PRODUCT)
def test_every_pod_mounts_the_authority_of_kafkas_certificates(overlay: str) -> None:
    (settings,) = (one["data"] for one in named(overlay, "ConfigMap").values())
    assert settings[f"{PREFIX}KAFKA_TLS"] == "on"
    folder, _, file = settings[f"{PREFIX}KAFKA_CA"].rpartition("/")
    for name, pod in pods(overlay).items():
        if name == "triton":
            continue
        (mount,) = [one for one in container_of(pod)["volumeMounts"] if one["mountPath"] == folder]
        (volume,) = [one for one in pod["spec"]["volumes"] if one["name"] == mount["name"]]
        assert volume["secret"]["secretName"] == "clipstream-cluster-ca-cert", name
        assert file in {item["path"] for item in volume["secret"]["items"]}, name


def test_with_strimzi_each_pod_logs_in_by_the_secret_of_its_own_user() -> None:
    users = named("strimzi", "KafkaUser")
    for name, pod in pods("overlays/strimzi").items():
        process = process_of(container_of(pod).get("command", []))
        if process is None:
            continue
        env = {one["name"]: one for one in container_of(pod)["env"]}
        user = principal_of(login_of(process))
        assert env[f"{PREFIX}KAFKA_USER"]["value"] == user
        assert users[user]["metadata"]["namespace"] == "clipstream", "a pod reads Secrets of its own namespace only"
        reference = env[f"{PREFIX}KAFKA_PASSWORD"]["valueFrom"]["secretKeyRef"]
        assert reference == {"name": f"{USER_PREFIX}{user}", "key": "password"}, name
    references = named("overlays/strimzi", "TriggerAuthentication")["kafka"]["spec"]["secretTargetRef"]
    (password,) = [one["name"] for one in references if one["parameter"] == "password"]
    assert password.removeprefix(USER_PREFIX) in users


@pytest.mark.parametrize("overlay", PRODUCT)
def test_every_pod_refuses_a_child_without_its_walls(overlay: str) -> None:
    (settings,) = (one["data"] for one in named(overlay, "ConfigMap").values())
    assert settings[f"{PREFIX}SANDBOX"] == "strict"
    for pod in pods(overlay).values():
        assert f"{PREFIX}SANDBOX" not in {one["name"] for one in container_of(pod).get("env", [])}
