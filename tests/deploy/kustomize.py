"""The overlays of Kubernetes as `kustomize build` makes them, and what stands in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.config.paths import REPO, cache_dir
from local.install.cache import ensure_built

K8S = REPO / "deploy" / "k8s"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"
KEDA = "github.com/kedacore/keda/v2@v2.18.3"
PRODUCT = ("overlays/dev", "overlays/prod", "overlays/gpu", "overlays/strimzi")
OVERLAYS = (*PRODUCT, "bootstrap", "strimzi")
BUILT = {"clipstream", "clipstream-triton"}
"""Images that a Dockerfile of ours builds."""
Manifest = dict[str, Any]


def go(*words: str, **environment: str) -> str:
    """Run Go, from a folder without a module."""
    if shutil.which("go") is None:
        pytest.skip("no Go on this machine to fetch kustomize and KEDA's schemas with")
    ended = subprocess.run(
        ["go", *words], capture_output=True, text=True, check=True, cwd="/", env=os.environ | environment
    )
    return ended.stdout


def kustomize() -> Path:
    """The tool, built once into the download cache."""
    version = KUSTOMIZE.rpartition("@")[2]
    built = ensure_built(
        cache_dir(os.environ) / f"kustomize-{version}", lambda folder: bool(go("install", KUSTOMIZE, GOBIN=str(folder)))
    )
    return built / "kustomize"


@cache
def manifests(overlay: str) -> tuple[Manifest, ...]:
    built = subprocess.run([kustomize(), "build", K8S / overlay], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return tuple(yaml.safe_load_all(built.stdout))


@cache
def schema_of_keda(kind: str) -> Manifest:
    folder = Path(json.loads(go("mod", "download", "-json", KEDA))["Dir"])
    crd = yaml.safe_load((folder / f"config/crd/bases/keda.sh_{kind.lower()}s.yaml").read_text())
    whole: Manifest = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return whole


def named(overlay: str, kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests(overlay) if one["kind"] == kind}


def pods(overlay: str) -> dict[str, Manifest]:
    """Component → template of its pods."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for one in manifests(overlay)
        if one["kind"] in ("Deployment", "StatefulSet", "Job")
    }


def selected(policy: Manifest, component: str) -> bool:
    """Whether a policy's selector takes the pods of a component."""
    selector = policy["spec"]["podSelector"]
    labels = selector.get("matchLabels", {})
    if labels.get("app.kubernetes.io/component", component) != component:
        return False
    return all(
        (component in rule["values"]) == (rule["operator"] == "In") for rule in selector.get("matchExpressions", [])
    )
