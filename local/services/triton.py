"""Triton on CPU with the model repository of this clone, at low priority."""

from __future__ import annotations

import os
import re
from functools import partial

import psutil

from local.install.weights import environment
from local.services.leftovers import remove_shared_memory, shm_prefix
from local.services.model_probe import REPOSITORY, model_names, probe_models
from local.services.readiness import NotReadyError, knock
from local.services.service import Part, Setting

_STUB = "triton_python_backend_stub"
_INSTANCES = re.compile(r"^instance_group .*count: (\d+)", re.M)
_THREADS = re.compile(r'key: "threads" value: \{ string_value: "(\d+)"')


def triton_part(setting: Setting) -> Part:
    """The server and the stubs of its models."""
    install, weights = setting.installed.triton, setting.installed.weights
    assert install is not None
    assert weights is not None
    endpoint = f"127.0.0.1:{setting.port('triton')}"
    threads = str(min(os.cpu_count() or 2, 4))

    def probe() -> None:
        knock(setting.port("triton"))
        probe_models(endpoint)

    return Part(
        name="triton",
        argv=(
            str(install.server),
            f"--model-repository={REPOSITORY}",
            f"--backend-directory={install.backends}",
            f"--backend-config=python,shm-region-prefix-name={shm_prefix(setting.stack_id)}",
            "--model-control-mode=explicit",  # a client that finds a model dead may unload and load it
            "--load-model=*",
            "--grpc-address=127.0.0.1",
            f"--grpc-port={setting.port('triton')}",
            "--http-address=127.0.0.1",
            f"--http-port={setting.port('triton-http')}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={setting.port('triton-metrics')}",
            "--allow-gpu-metrics=false",
            "--exit-timeout-secs=5",  # a client that left a stream early makes the stop hang otherwise
        ),
        env={
            **environment(weights),
            **thread_settings(threads),
            **setting.environ,
            "PATH": f"{install.home / 'bin'}:{setting.environ.get('PATH', os.defpath)}",  # the stub runs its python3
            "LD_LIBRARY_PATH": install.libraries,
            "HF_HUB_OFFLINE": "1",
            "PYTHONNOUSERSITE": "1",
        },
        tier="store",
        port=setting.port("triton"),
        prepare=partial(remove_shared_memory, setting.stack_id),
        probe=probe,
        alive=partial(_stubs_live, setting, instances()),
        sick_after_s=10.0,
        nice=10,
        stop_timeout_s=12.0,
    )


def instances() -> int:
    """Number of instances of all models of the repository together: each is a stub."""
    return sum(int(count) for model in model_names() for count in _INSTANCES.findall(_config(model)))


def thread_settings(threads: str) -> dict[str, str]:
    """Threads of each model that takes more than one. A model whose own setting is 1 loses by more."""
    settings = {model: _THREADS.search(_config(model)) for model in model_names()}
    return {
        f"CLIPSTREAM_{model.upper()}_THREADS": threads
        for model, setting in settings.items()
        if setting and int(setting[1]) > 1
    }


def _config(model: str) -> str:
    return (REPOSITORY / model / "config.pbtxt").read_text()


def _stubs_live(setting: Setting, expected: int) -> None:
    """A stub that crashed stays dead while server and model say they are ready: count the living ones."""
    knock(setting.port("triton"))
    prefix = shm_prefix(setting.stack_id)
    living = 0
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        ours = any(prefix in argument for argument in process.info["cmdline"] or ())
        living += ours and process.info["status"] != psutil.STATUS_ZOMBIE and _STUB in process.info["cmdline"][0]
    if living < expected:
        raise NotReadyError(f"{expected - living} of {expected} instances of models lost their process")
