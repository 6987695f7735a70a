"""The overlays as `kustomize build` makes them: they fit Kubernetes' and KEDA's schemas, and keep our rules."""

from __future__ import annotations

import jsonschema
import kubernetes_validate
import pytest

from schemas.access.kafka_acls import WATCHER, access_rules, principal_of
from schemas.stages import TABLE
from schemas.tools.kubernetes import PARTITIONS_COUNT, rendered, topics_taken
from schemas.topics import TOPICS
from tests.deploy.kustomize import BUILT, K8S, OVERLAYS, PRODUCT, manifests, named, pods, schema_of_keda


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_fits_the_schemas(overlay: str) -> None:
    """Strimzi's own schema cannot be had from a registry: its topics are compared with the table below."""
    for one in manifests(overlay):
        group = one["apiVersion"].partition("/")[0]
        if group == "keda.sh":
            jsonschema.Draft7Validator(schema_of_keda(one["kind"])).validate(one)
        elif group != "kafka.strimzi.io":
            kubernetes_validate.validate(one, "1.37", strict=True)


def test_generated_manifests_are_current() -> None:
    """Else: `python -m schemas.tools.generate`."""
    assert {name: (K8S / name).read_text() for name in rendered()} == rendered()


@pytest.mark.parametrize("overlay", [*PRODUCT, "bootstrap"])
def test_no_pod_runs_as_root_or_may_become_it(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True, name
        assert pod["spec"]["securityContext"]["runAsUser"] >= 1000, name
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        for container in pod["spec"]["containers"]:
            rules = container["securityContext"]
            assert rules["allowPrivilegeEscalation"] is False, name
            assert rules["capabilities"] == {"drop": ["ALL"]}, name
            assert "memory" in container["resources"]["limits"], name


@pytest.mark.parametrize("overlay", [*PRODUCT, "bootstrap"])
def test_every_image_has_a_digest_or_a_build(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        for container in pod["spec"]["containers"]:
            image = container["image"]
            assert "@sha256:" in image or image.partition(":")[0] in BUILT, f"{name}: {image}"
            assert not image.endswith(":latest"), name


@pytest.mark.parametrize("overlay", PRODUCT)
def test_every_pod_that_lasts_has_a_budget_and_probes_over_http(overlay: str) -> None:
    budgets = {
        one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        for one in named(overlay, "PodDisruptionBudget").values()
    }
    lasting = {name: pod for name, pod in pods(overlay).items() if name != "migrate"}
    assert budgets == set(lasting)
    for name, pod in lasting.items():
        (container,) = pod["spec"]["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] in ports, f"{name} {probe}"
        if name in {row.name for row in TABLE}:
            assert container["livenessProbe"]["httpGet"]["path"] == "/readyz", "progress, not the process"


def test_every_stage_scales_by_the_lag_of_its_own_group() -> None:
    scaled = named("overlays/prod", "ScaledObject")
    assert set(scaled) == {row.name for row in TABLE}
    for row in TABLE:
        spec = scaled[row.name]["spec"]
        assert spec["scaleTargetRef"]["kind"] == "StatefulSet"
        assert row.name in named("overlays/prod", "StatefulSet")
        assert "replicas" not in named("overlays/prod", "StatefulSet")[row.name]["spec"], "two would set them"
        assert {trigger["metadata"]["topic"] for trigger in spec["triggers"]} == {one.name for one in topics_taken(row)}
        assert {trigger["metadata"]["consumerGroup"] for trigger in spec["triggers"]} == {f"clipstream-{row.name}"}
        assert spec["minReplicaCount"] <= spec["maxReplicaCount"] <= PARTITIONS_COUNT
        names = {trigger["authenticationRef"]["name"] for trigger in spec["triggers"]}
        assert names <= set(named("overlays/prod", "TriggerAuthentication"))


def test_triton_is_on_gpus_and_scaled_once_in_the_overlay() -> None:
    pod = pods("overlays/gpu")["triton"]["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod["nodeSelector"]
    assert {"name": "CLIPSTREAM_WHISPER_DEVICE", "value": "cuda"} in container["env"]
    targets = [
        one["spec"]["scaleTargetRef"]["name"]
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for one in named("overlays/gpu", kind).values()
    ]
    assert sorted(targets) == sorted({*targets}), "two scale the same"
    assert "triton" in targets
    assert "api" in targets
    assert named("overlays/gpu", "Service")["triton"]["spec"]["clusterIP"] == "None", "clients see one server only"


def test_a_worker_of_listen_takes_two_spans_where_a_gpu_hears_them() -> None:
    found = {overlay: pods(overlay)["listen"]["spec"]["containers"][0]["env"] for overlay in OVERLAYS[1:3]}
    given = {one["name"]: one.get("value") for one in found["overlays/gpu"]}
    assert given["CLIPSTREAM_CONCURRENCY"] == "2"
    assert set(given) - {one["name"] for one in found["overlays/prod"]} == {"CLIPSTREAM_CONCURRENCY"}


def test_strimzis_topics_are_those_of_the_table() -> None:
    made = named("strimzi", "KafkaTopic")
    assert {name: (one["spec"]["partitions"], one["spec"]["config"]["retention.ms"]) for name, one in made.items()} == {
        topic.name: (PARTITIONS_COUNT, topic.retention_ms) for topic in TOPICS
    }


def test_strimzis_users_may_do_what_the_table_says() -> None:
    made = {
        (name, acl["resource"]["type"], acl["resource"]["name"], operation)
        for name, one in named("strimzi", "KafkaUser").items()
        for acl in one["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }
    assert made == {(rule.principal, rule.resource.lower(), rule.name, rule.operation) for rule in access_rules()}
    assert {name for _, kind, name, _ in made if kind == "group"} >= {
        trigger["metadata"]["consumerGroup"]
        for one in named("overlays/prod", "ScaledObject").values()
        for trigger in one["spec"]["triggers"]
    }, "KEDA watches a group that no worker is in"


def test_keda_may_see_offsets_of_its_triggers_and_read_nothing() -> None:
    """A trigger asks for a topic's end and a group's offsets; both are described."""
    user = named("strimzi", "KafkaUser")[principal_of(WATCHER)]
    allowed = {
        (acl["resource"]["type"], acl["resource"]["name"]): acl["operations"]
        for acl in user["spec"]["authorization"]["acls"]
    }
    triggers = [
        trigger["metadata"]
        for one in named("overlays/prod", "ScaledObject").values()
        for trigger in one["spec"]["triggers"]
    ]
    asked = {("topic", one["topic"]) for one in triggers} | {("group", one["consumerGroup"]) for one in triggers}
    assert allowed == {key: ["Describe"] for key in asked}
    told = {
        one["parameter"] for one in named("overlays/prod", "TriggerAuthentication")["kafka"]["spec"]["secretTargetRef"]
    }
    assert told == {"sasl", "username", "password", "tls", "ca"}


def test_each_overlay_has_its_own_namespace() -> None:
    spaces = {one["metadata"].get("namespace") for one in manifests("overlays/dev") if one["kind"] != "Namespace"}
    assert spaces == {"clipstream-dev"}
    assert set(named("overlays/dev", "Namespace")) == {"clipstream-dev"}
