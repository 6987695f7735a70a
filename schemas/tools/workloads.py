"""Kubernetes: the StatefulSet of each stage, and an example of the Secrets of the processes."""

from __future__ import annotations

from string import Template

import msgspec

from schemas.access.process_settings import OPTIONAL, RING, SETTINGS_OF
from schemas.stages import STAGES, TABLE, StageRow


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Requests and limits of a stage's pod, as Kubernetes writes quantities."""

    cpu: str = "100m"
    memory: str = "256Mi"
    memory_limit: str = "1Gi"
    scratch: str = "20Gi"
    """Size of ``/work``, where media lies while it is worked on."""


SIZE_BY_STAGE: dict[str, Size] = {
    "ingest": Size(cpu="500m", memory="512Mi", memory_limit="3Gi", scratch="44Gi"),
    "look": Size(cpu="1", memory="512Mi", memory_limit="3Gi"),
    "study": Size(cpu="250m", memory="384Mi", memory_limit="2Gi"),
    "detect": Size(cpu="250m", memory="384Mi", memory_limit="2Gi"),
    "frame": Size(cpu="1", memory="512Mi", memory_limit="3Gi"),
    "render": Size(cpu="2", memory="1Gi", memory_limit="4Gi"),
    "preview": Size(cpu="1", memory="512Mi", memory_limit="4Gi"),
    "transcode": Size(cpu="1", memory="512Mi", memory_limit="4Gi", scratch="40Gi"),
}
"""A stage without a row mostly waits for a model or a server, and takes the defaults."""
_PROCESSES = ("api", "relay", *STAGES, "sink-clickhouse", "sink-meilisearch", "migrate", "bootstrap")
"""Those with pods; the others are commands that an operator runs in one of these."""
_KEYS = (
    "kafka", "kafka_user", "kafka_password", "postgres_owner", "postgres_api", "postgres_bootstrap", "postgres_worker",
    "postgres_relay", "postgres_keys", "postgres_roles", "s3_access_key", "s3_secret_key", "clickhouse", "meilisearch",
    "meilisearch_key", "secrets", "smtp",
)  # fmt: skip
"""Guarded settings in the order of an example; those that only some installations use are left out."""
_SPARE = OPTIONAL & {
    "kafka_key",
    "writer_key",
    "stripe_key",
    "stripe_webhook_secret",
    "sign_in_provider_secrets",
} | RING - {"secrets"}
_SPARE_OF = {"migrate": frozenset({"postgres_worker"})}
"""Of one process: roles of which each has its own address are let in by ``postgres_roles``."""
STAGES_HEAD = """\
# One StatefulSet a stage: a restarted pod keeps its name, and by it its partitions (docs/adr/0023).
# No order among them: each waits for its topic. Scale to the topic's partitions at most.
# A worker whose work waits and has not moved for CLIPSTREAM_STALL_S is not ready; after five more minutes it is started
# again.
"""
_STATEFUL_SET = Template("""\
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: $stage
  labels: {app.kubernetes.io/component: $stage}
spec:
  replicas: $workers
  serviceName: ""
  podManagementPolicy: Parallel
  selector:
    matchLabels: {app.kubernetes.io/component: $stage}
  template:
    metadata:
      labels: {app.kubernetes.io/component: $stage}
    spec:
      serviceAccountName: clipstream
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 60
      securityContext: {runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: clipstream
          command: [python, -m, streams, --stage, $stage]
          ports: [{name: worker, containerPort: 8081}]
          env:
            - {name: CLIPSTREAM_KAFKA_INSTANCE, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
          envFrom:
            - configMapRef: {name: clipstream}
            - secretRef: {name: clipstream}
            - secretRef: {name: clipstream-$stage}
          readinessProbe:
            httpGet: {path: /readyz, port: worker}
            periodSeconds: 10
            timeoutSeconds: 5
          livenessProbe:
            httpGet: {path: /readyz, port: worker}
            periodSeconds: 30
            timeoutSeconds: 5
            failureThreshold: 10
          startupProbe:
            httpGet: {path: /readyz, port: worker}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 60
          resources:
            requests: {cpu: $cpu, memory: $memory}
            limits: {memory: $memory_limit}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts:
            - {name: work, mountPath: /work}
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: work
          emptyDir: {sizeLimit: $scratch}
        - name: tmp
          emptyDir: {sizeLimit: 1Gi}
""")
SECRETS_HEAD = """\
# Not applied: copy it out of the repository, fill it in, `kubectl -n clipstream apply -f` it. Or let your secret store
# make it. One for all, and one for each process with what it alone is given (schemas/access/process_settings.py). The
# user of CLIPSTREAM_POSTGRES_WORKER is the process's own role, `clipstream_ingest` and so on; the relay's is
# `clipstream_erasure`.
# The user of CLIPSTREAM_POSTGRES_BOOTSTRAP is `clipstream_bootstrap`; its process is the Job in deploy/k8s/bootstrap.
# CLIPSTREAM_KAFKA_USER is the process's own principal, `clipstream-ingest` and so on; of migrate `clipstream-setup`.
# The authority of Kafka's certificates is a Secret `clipstream-cluster-ca-cert` with `ca.crt`, as Strimzi makes it.
# CLIPSTREAM_SECRETS: `k1:` and `head -c 32 /dev/urandom | base64`.
# KEDA's own login to Kafka: sasl `scram_sha512`, username `clipstream-keda`, tls `enable`.
"""


def stateful_set(row: StageRow) -> str:
    """The workers of a stage, as a YAML document."""
    size = SIZE_BY_STAGE.get(row.name, Size())
    cpu = size.cpu if size.cpu.endswith("m") else f'"{size.cpu}"'
    return _STATEFUL_SET.substitute(
        msgspec.structs.asdict(size) | {"cpu": cpu, "stage": row.name, "workers": row.workers}
    )


def stateful_sets() -> str:
    """Every stage's workers."""
    return STAGES_HEAD + "".join(stateful_set(row) for row in TABLE)


def example_secrets() -> str:
    """A Secret for all pods, one for each process, and KEDA's, with every value left empty."""
    keys_by_secret = {"clipstream": ["CLIPSTREAM_S3", "CLIPSTREAM_S3_PUBLIC"]}
    keys_by_secret |= {f"clipstream-{process}": _variables(process) for process in _PROCESSES}
    keys_by_secret["clipstream-keda"] = ["sasl", "username", "password", "tls"]
    return SECRETS_HEAD + "---\n".join(_secret(name, keys) for name, keys in keys_by_secret.items())


def _variables(process: str) -> list[str]:
    settings = SETTINGS_OF[process] - _SPARE - _SPARE_OF.get(process, frozenset())
    assert settings <= set(_KEYS), f"{process} is given what no example names"
    return [f"CLIPSTREAM_{key.upper()}" for key in _KEYS if key in settings]


def _secret(name: str, keys: list[str]) -> str:
    head = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: clipstream}}\nstringData:\n"
    return head + "".join(f'  {key}: ""\n' for key in keys)
