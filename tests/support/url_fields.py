"""Fields of requests that take a URL, found in the OpenAPI document, and the catalogue of what becomes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

NAMED = re.compile(
    r"(^|_)(ur[il]s?|origins?|href|links?|issuer|host|callback|redirect|domain|(?<!_)endpoint|addresse?s?)$", re.I
)
"""Names of fields that may hold a URL, or a part of one."""
DESCRIBED = re.compile(r"\bur[il]s?\b|https?:|\borigins?\b", re.I)
"""Words of a description that tell of a URL."""
Use: TypeAlias = Literal["fetched", "posted", "compared", "redirected", "none"]
"""Fetched or posted to by a worker; compared with what others send, never called; where browsers are sent, never called
by us (tests/contract/oauth); no URL at all, or one only shown."""
Place: TypeAlias = tuple[str, str, str]
"""Operation, media type (``query``: a parameter), and JSON pointer or name."""

URL_FIELDS: Mapping[Place, Use] = {
    ("createProject", "application/json", "/source_url"): "fetched",
    ("uploadVideo", "application/json", "/url"): "fetched",
    ("uploadVideo", "multipart/form-data", "/url"): "fetched",
    ("uploadVideo", "multipart/form-data", "/file"): "none",
    ("createEndpoint", "application/json", "/url"): "posted",
    ("changeEndpoint", "application/json", "/url"): "posted",
    ("changeOrganisation", "application/json", "/allowed_origins/0"): "compared",
    ("listProjects", "query", "source_url"): "compared",
    ("registerPushSubscription", "application/json", "/endpoint"): "posted",
    ("createOAuthClient", "application/json", "/redirect_uris/0"): "redirected",
    ("changeOAuthClient", "application/json", "/redirect_uris/0"): "redirected",
    ("giveTokens", "application/x-www-form-urlencoded", "/redirect_uri"): "redirected",
    ("createKey", "application/json", "/allowed_addresses/0"): "none",
    ("changeKey", "application/json", "/allowed_addresses/0"): "none",
    ("handOverClip", "query", "media"): "none",
    ("getStoryboard", "query", "image"): "none",
    ("getOembed", "query", "url"): "compared",
}
"""Each field that `find_url_fields` finds. What is fetched or posted to is tried with every URL of `inside_urls`.

A new field: say here what becomes of it; where it is called, add how in `tests/contract/access/test_inside_urls.py`.
"""


def find_url_fields(document: Mapping[str, Any]) -> set[Place]:
    """Places whose name or description tells of a URL."""
    return {
        (operation["operationId"], medium, place)
        for methods in document["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict) and "operationId" in operation
        for medium, place, text in _fields(document, operation)
        if NAMED.search(re.sub(r"(/\*|/0)+$", "", place).rpartition("/")[2]) or DESCRIBED.search(text)
    }


def _fields(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for medium, content in operation.get("requestBody", {}).get("content", {}).items():
        for pointer, text in _strings(document, content.get("schema", {}), "", "", ()):
            yield medium, pointer, text
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield "query", parameter["name"], parameter.get("description", "")


def _strings(
    document: Mapping[str, Any], schema: Mapping[str, Any], pointer: str, text: str, within: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Pointers of texts inside of a schema, with the description of each, or of what holds it."""
    reference = schema.get("$ref")
    if reference is not None:
        if reference in within:
            return
        within = (*within, reference)
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        text = text if "enum" in schema else ""
    text = schema.get("description", text) if reference is None else text
    if schema.get("type") == "string" and "enum" not in schema:
        yield pointer, text
    for branch in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        yield from _strings(document, branch, pointer, text, within)
    for name, field in schema.get("properties", {}).items():
        yield from _strings(document, field, f"{pointer}/{name}", "", within)
    if "items" in schema:
        yield from _strings(document, schema["items"], f"{pointer}/0", text, within)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _strings(document, schema["additionalProperties"], f"{pointer}/*", text, within)
