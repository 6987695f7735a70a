"""Who opens connections by HTTP or SMTP: one module calls addresses that customers name, the others the operator's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).parents[4]
CLIENTS = {
    "aiohttp", "asynch", "boto3", "botocore", "clickhouse_connect", "httpcore2", "httpx2", "meilisearch", "requests",
    "smtplib", "aiosmtplib", "tritonclient", "urllib.request", "http.client", "urllib3", "websockets", "aiobotocore",
}  # fmt: skip
WALLED = {
    "core/infra/http/client.py", "core/infra/http/page_requests.py", "core/infra/http/public_addresses.py",
}  # fmt: skip
"""The client behind the address walls; all that customers name goes through it."""
OF_SETTINGS = {
    "core/infra/clickhouse.py", "core/infra/llm.py", "core/infra/meilisearch.py", "core/infra/s3/client.py",
    "core/infra/s3/object_store.py", "core/infra/smtp.py", "core/infra/stripe/client.py", "core/infra/triton/client.py",
    "core/infra/triton/embeddings.py", "core/infra/triton/model.py", "core/infra/triton/names.py",
    "core/infra/tenant_search.py",
}  # fmt: skip
"""Clients of parts whose address is a setting of the operator."""


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_what_customers_name_is_called_by_the_walled_client_alone() -> None:
    """A module that is new here either goes by `OutsideHttp`, or calls what a setting names: list it."""
    found = {
        path.relative_to(REPO).as_posix()
        for folder in ("api", "core", "streams")
        for path in (REPO / folder).rglob("*.py")
        if any(name in CLIENTS or name.partition(".")[0] in CLIENTS for name in _imported(path))
    }
    assert found == WALLED | OF_SETTINGS
