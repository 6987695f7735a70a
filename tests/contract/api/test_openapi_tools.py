"""Linters find nothing in the OpenAPI document, and generated clients of it work."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.routes import OPERATIONS
from core.domain.webhooks.signatures import headers, new_secret
from core.settings import Settings
from tests.api.fakes import AnalyticsTwin, ObjectsTwin
from tests.api.openapi.test_document import CHECKED_IN
from tests.contract.api.test_api_fuzz import project_resources
from tests.contract.rigs.api_world import open_world
from tests.docs.pages import blocks, text_of
from tests.openapi.tools import HERE, LINT_S, node_tools, python_tools, run

pytestmark = [pytest.mark.contract, pytest.mark.timeout(600)]
NEEDED = {"q": "half-life", "image": "sprite.jpg"}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """The checked-in document in a folder of the test's own."""
    return Path(shutil.copy(CHECKED_IN, tmp_path / "openapi.json"))


def test_redocly_finds_no_fault(document: Path) -> None:
    told = run([node_tools() / "redocly", "lint", "--extends", "recommended", "--format", "json", document])
    found = json.loads(told[told.index("{") : told.rindex("}") + 1])
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, found["problems"]


def test_spectral_finds_no_fault(document: Path) -> None:
    rules = ["--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint", "--format", "json", "--quiet"]
    assert json.loads(run([node_tools() / "spectral", "lint", *rules, document])) == []


def test_a_linter_reports_a_fault(document: Path) -> None:
    broken = json.loads(document.read_text())
    del broken["paths"]["/v1/me"]["get"]["operationId"]
    document.write_text(json.dumps(broken))
    with pytest.raises(pytest.fail.Exception, match="operation-operationId"):
        run([node_tools() / "spectral", "lint", "--ruleset", HERE / "spectral.yaml", "-F", "hint", document])


def test_a_client_on_generated_typescript_compiles_without_flags(document: Path) -> None:
    folder = document.parent
    run([node_tools() / "openapi-typescript", document, "-o", folder / "api.d.ts"])
    shutil.copy(HERE / "client.ts", folder)
    assert "5.9." in run([node_tools() / "tsc", "--version"])
    assert run([node_tools() / "tsc", "--strict", "client.ts"], cwd=folder) == ""
    assert (folder / "client.js").exists()
    assert set(re.findall(r"^    (\w+): \{$", (folder / "api.d.ts").read_text(), re.MULTILINE)) >= {
        one.name for one in OPERATIONS
    }


def generated(document: Path) -> Path:
    """The folder of the generated Python package; the generator must have no complaints."""
    out, config = document.parent / "client", HERE / "openapi-python-client.yaml"
    command = [python_tools() / "openapi-python-client", "generate", "--path", document, "--config", config]
    told = run([*command, "--output-path", out, "--fail-on-warning"])
    assert "WARNING" not in told, told[-4000:]
    return out


async def test_the_generated_python_client_decodes_real_answers(postgres: Settings, document: Path) -> None:
    package = generated(document)
    answers = await real_answers(postgres)
    assert len({answer["name"] for answer in answers}) > 30
    done = subprocess.run(
        [python_tools() / "python", HERE / "decode.py"],
        input=json.dumps(answers),
        env={"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        timeout=LINT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    wrong = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(wrong) == len(answers)
    told = {answer["name"]: text for answer, text in zip(answers, wrong, strict=True) if text}
    assert told == {}


async def real_answers(settings: Settings) -> list[dict[str, Any]]:
    """JSON that the API answers: every GET of one of everything, and of nothing."""
    objects, found = ObjectsTwin(), []
    numbers = AnalyticsTwin([dict.fromkeys(("projects_started", "clips"), 0)])
    async with open_world(settings, analytics=numbers, objects=objects, uploads=objects) as world:
        known = await project_resources(world, objects)
        for operation in OPERATIONS:
            if operation.method != "GET" or operation.tag == "analytics" or operation.name == "followOrganisation":
                continue  # the last one's stream has no end
            for ids in (known, dict.fromkeys(known, known["kit_id"])):
                others = (
                    "archive_id",
                    "client_id",
                    "dead_id",
                    "endpoint_id",
                    "key_id",
                    "org_id",
                    "service_account_id",
                    "share_id",
                )
                texts = {"template": "minimal", "filename": "a.mp4", "provider": "google", "token": "clw_x"}
                named = {**dict.fromkeys(others, known["kit_id"]), **texts, **ids}
                fields = getattr(operation.query, "__struct_fields__", ())
                query = {name: value for name, value in NEEDED.items() if name in fields}
                answer = await world.ann.client.get(operation.path.format(**named), params=query)
                if answer.headers.get("content-type", "").endswith(("/json", "+json")):
                    name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation.name).lower()
                    tag = operation.tag.replace(" ", "_")
                    found.append({"tag": tag, "name": name, "status": answer.status_code, "body": answer.json()})
    return found


def test_the_typescript_example_of_the_page_verifies_our_messages(tmp_path: Path) -> None:
    """The page's own lines, type-checked, run by Node with the library that they name."""
    (example,) = blocks(text_of("docs/webhooks.md"), "typescript")
    secret, body = new_secret(), '{"type":"project.completed"}'
    former = new_secret()
    now_s = int(dt.datetime.now(dt.UTC).timestamp())
    given = headers([secret, former], message_id="msg_1", timestamp_s=now_s, body=body.encode())
    told = f"[read({secret!r}, body, given), read({former!r}, body, given)]"
    refusal = "console.log(error instanceof WebhookVerificationError)"
    refused = f"try {{ read({new_secret()!r}, body, given); }} catch (error) {{ {refusal}; }}"
    script = (
        f"import {{ WebhookVerificationError }} from 'standardwebhooks';\n"
        f"const body = {body!r}; const given = {json.dumps(given)};\nconsole.log(JSON.stringify({told}));\n{refused}\n"
    )
    (tmp_path / "node_modules").symlink_to(node_tools().parent)
    (tmp_path / "read.ts").write_text(f"{example}\n{script}")
    options = ["--strict", "--module", "commonjs", "--target", "es2022", "--lib", "es2022,dom", "--skipLibCheck"]
    assert run([node_tools() / "tsc", *options, "read.ts"], cwd=tmp_path) == ""
    verified, is_refused = run(["node", "read.js"], cwd=tmp_path).splitlines()
    assert json.loads(verified) == [json.loads(body)] * 2
    assert is_refused == "true"
