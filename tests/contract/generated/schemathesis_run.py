"""Schemathesis over the whole OpenAPI document against an app that this process serves; counts and failures."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from api.server import make_server
from local.supervisor.processes import tie_to_parent
from tests.api.openapi_checks import document
from tests.contract.generated.project_states import Resources
from tests.contract.rigs.servers import free_ports

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
PROBABILITY = 0.8
"""How often a path parameter names what exists: elsewhere requests end at 404."""


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """How much is generated."""

    seed: int
    phases: tuple[str, ...]
    """Of the tool: examples, coverage (each boundary that the schema names), fuzzing, stateful (linked requests)."""
    examples: int
    """Cases of an operation while fuzzing, and at most so many sequences of linked requests."""
    without: tuple[str, ...] = ()
    """Operations that are left out."""


PHASES = ("examples", "coverage", "fuzzing", "stateful")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run made and what it met."""

    exit_code: int
    output: str
    cases: int
    operations: int
    seconds: float


class FiniteStreams:
    """The app, whose event streams end after their first piece: those of a running project never end."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.statuses = Counter[int]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":  # the rig has started the app
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        cut, streams = asyncio.Event(), False

        async def receive_until_cut() -> Any:
            waits = [asyncio.ensure_future(receive()), asyncio.ensure_future(cut.wait())]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                return waits[0].result() if waits[0].done() else {"type": "http.disconnect"}
            finally:
                for one in waits:
                    one.cancel()

        async def send_first(message: Any) -> None:
            nonlocal streams
            if message["type"] == "http.response.start":
                self.statuses[message["status"]] += 1
                streams = any(value.startswith(b"text/event-stream") for _, value in message["headers"])
            if cut.is_set():
                return
            if streams and message["type"] == "http.response.body" and message.get("body"):
                message = message | {"more_body": False}
                cut.set()
            await send(message)

        await self._app(scope, receive_until_cut, send_first)


@asynccontextmanager
async def serve(app: FiniteStreams) -> AsyncIterator[str]:
    """The app on a port of its own; the address."""
    (port,) = free_ports(1)
    server = make_server(app, "127.0.0.1", port)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the server ended before it listened"
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def write_settings(resources: Resources, volume: Volume) -> str:
    """The settings of the tool, in TOML."""
    lines = [
        f"hooks = {json.dumps(str(HOOKS))}",
        "generation.mode = 'all'",
        "generation.with-security-parameters = false",
        "generation.database = 'none'",
        "generation.no-shrink = true",
        "request-timeout = 60.0",
        "continue-on-failure = true",
        "warnings = false",
        "suppress-health-check = ['all']",
        f"generation.max-examples = {volume.examples}",
        *(f"phases.{name}.enabled = {str(name in volume.phases).lower()}" for name in PHASES),
    ]
    lines += [f"checks.{name} = {{ enabled = false }}" for name in EXCLUDED_CHECKS]
    lines += [
        f"checks.{name} = {{ expected-statuses = {json.dumps(statuses)} }}"
        for name, statuses in EXPECTED_STATUSES.items()
    ]
    lines += [f"dictionaries.{name}.values = {json.dumps(ids)}" for name, ids in resources.ids.items()]
    lines += [f"dictionaries.{name}.values = {json.dumps(ids)}" for name, ids in resources.spare.items()]
    lines += [_parameter(name, name) for name in resources.ids]
    for operation, spare in _parameters_of_spare(resources).items():
        lines += ["", "[[operations]]", f"include-operation-id = '{operation}'", _parameter(spare, operation)]
        lines += [f"phases.{phase}.extra-data-sources.responses = false" for phase in PHASES[:3]]
    for operation, check in EXCLUDED_BY_OPERATION:
        lines += ["", "[[operations]]", f"include-operation-id = '{operation}'"]
        lines += [f"checks.{check} = {{ enabled = false }}"]
    return "\n".join(lines) + "\n"


def _parameter(name: str, dictionary: str) -> str:
    return f"parameters.'path.{name}' = {{ dictionary = '{dictionary}', probability = {PROBABILITY} }}"


def _parameters_of_spare(resources: Resources) -> dict[str, str]:
    """The path parameter of each operation that has resources of its own."""
    paths = {
        operation["operationId"]: path
        for path, methods in document()["paths"].items()
        for operation in methods.values()
    }
    return {name: paths[name].partition("{")[2].partition("}")[0] for name in resources.spare}


EXCLUDED_CHECKS: Mapping[str, str] = {
    "object_level_authorization": "it needs a second identity; test_api_postgres.py asks as another tenant",
}
"""Checks of the tool that are not made, each with its reason."""
EXCLUDED_BY_OPERATION: Mapping[tuple[str, str], str] = {
    (
        "getBrandKit",
        "use_after_free",
    ): "a kit is archived, not removed: exports name its versions, so they stay readable",
}
"""Checks that one operation is spared, each with its reason."""
REFUSALS = ("400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "415", "422", "428")
WRONG_FORMS = ("405", "406", "413", "415")
EXPECTED_STATUSES: Mapping[str, Sequence[str]] = {
    "negative_data_rejection": REFUSALS,
    # What fits the schema may contradict its project: a range past the end, an old version, another request's key, a
    # cursor of another listing. What is left: no such request is of a wrong media type, size or method.
    "positive_data_acceptance": (
        "2xx",
        "304",
        *(code for code in REFUSALS if code not in WRONG_FORMS),
        "429",  # guessed passwords and codes lock an account
    ),
}
"""Statuses that a check expects, where they differ from the tool's own."""


async def run_schemathesis(address: str, token: str, resources: Resources, volume: Volume, folder: Path) -> Report:
    """Run the tool in a process of its own, so that this one serves the app meanwhile; ``token``: of who calls."""
    schema, settings = folder / "openapi.json", folder / "schemathesis.toml"
    schema.write_text(json.dumps(document()))
    settings.write_text(write_settings(resources, volume))
    begun_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run", str(schema),
        *(f"--exclude-operation-id={name}" for name in volume.without),
        "--url", address, "--header", f"Authorization: Bearer {token}", "--seed", str(volume.seed), "--no-color",
        cwd=folder, env=os.environ | {"COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, preexec_fn=tie_to_parent(signal.SIGKILL),
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    text = output.decode()
    cases, operations = re.search(r"(\d+) generated", text), re.search(r"Tested: (\d+)", text)
    assert cases is not None, text
    assert operations is not None, text
    return Report(
        exit_code=process.returncode, output=text, cases=int(cases[1]), operations=int(operations[1]),
        seconds=time.monotonic() - begun_s,
    )  # fmt: skip
