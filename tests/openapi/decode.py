"""Decodes real answers with the generated Python client, run by its own Python; answers arrive as JSON on stdin.

Prints, for each answer, what is wrong with it: it was not decoded, or came back otherwise.
"""

from __future__ import annotations

import importlib
import json
import sys

import httpx
from clipstream_client import Client


def decoded(tag: str, name: str, status: int, body: object) -> str:
    """The error, or nothing if the model gives the same value back."""
    module = importlib.import_module(f"clipstream_client.api.{tag}.{name}")
    client = Client(base_url="http://api.example", raise_on_unexpected_status=True)
    model = module._parse_response(client=client, response=httpx.Response(status, json=body))
    if model is None:
        return "no model"
    return "" if comparable(model.to_dict()) == comparable(body) else f"{model.to_dict()} came of {body}"


def comparable(value: object) -> object:
    """Times as Python writes them, whatever the form of their zone."""
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [comparable(part) for part in value]
    return value.replace("Z", "+00:00") if isinstance(value, str) else value


for one in json.load(sys.stdin):
    print(json.dumps(decoded(one["tag"], one["name"], one["status"], one["body"])))
