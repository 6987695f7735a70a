"""Examples in the OpenAPI document: for each scalar field by its name, else by its schema.

Examples of request bodies are in examples.json, by operationId.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ID = "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"
_FILE = Path(__file__).with_name("examples.json")
_FORMATS = {"uuid": ID, "date-time": "2026-03-01T12:00:00Z", "date": "2026-03-01"}
_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_CODE = "3pXk0Qm1v8yJb2n5Zr7tWc9eUf4hLs6dGaKoPiNqRxY"
_ADDRESS = "https://clips.example.org"
EXAMPLES: Mapping[str, Sequence[Any]] = {
    "actor": [f"key:{ID}"],
    "address": ["203.0.113.7"],
    "allowed_origins": ["https://app.example.org"],
    "challenge": [f"clc_{_CODE}"],
    "current_password": ["correct horse battery"],
    "email": ["ann@example.org"],
    "factors": ["totp"],
    "invitation": [f"cli_{_CODE}"],
    "issuer": [_ADDRESS],
    "provider": ["google"],
    "return_to": ["https://app.example.org/signed-in"],
    "kid": ["Zk3pXk0Qm1v8yJb2"],
    "endpoint": ["https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk"],
    "p256dh": ["BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"],
    "auth": ["BTBZMqHH6r4Tts7J_aSIgg"],
    "permission": ["projects:write"],
    "host": ["updates.push.services.mozilla.com"],
    "group": ["clipstream-render"],
    "lag_unknown": [""],
    "lane": ["render"],
    "locale": ["en"],
    "methods": ["password"],
    "organisation": ["Lectures"],
    "password": ["correct horse battery"],
    "passkeys": [2],
    "recovery_code": ["k3fq-7xwm-2b5n-hd4t"],
    "recovery_codes": ["k3fq-7xwm-2b5n-hd4t"],
    "recovery_codes_left": [10],
    "refresh_token": [f"clr_{_CODE}"],
    "thumbnail_url": ["https://objects.example.org/picture.jpg?X-Amz-Signature=…"],
    "sentence": ["The project “Lecture 4” failed: The file has no video."],
    "ticket": [f"clc_{_CODE}"],
    "uri": ["otpauth://totp/Clipstream:ann%40example.org?secret=…"],
    "user_agent": ["Mozilla/5.0"],
    "x": ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
    "access_token": ["eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiYXQrand0Iiwia2lkIjoi…"],
    "across": ["/v1/entities?q=Marie+Curie&kind=person"],
    "after": ["Curie", 128],
    "at_ms": [760_000],
    "before": ["Cury", "s2", 4],
    "body": ['{"type":"webhook.test"}'],
    "captions_template": ["bold_outline"],
    "aspect": ["9:16"],
    "background": ["#101418"],
    "characters": [412],
    "code": ["invalid", "de"],
    "aud": [_ADDRESS],
    "authorization_endpoint": [f"{_ADDRESS}/oauth/authorize"],
    "client_name": ["Clip Calendar"],
    "client_secret": [f"cls_{_CODE}"],
    "code_verifier": ["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"],
    "error_description": ["The code is unknown, was used, has expired, or is not this request's."],
    "homepage": ["https://calendar.example.org"],
    "introspection_endpoint": [f"{_ADDRESS}/v1/oauth/introspect"],
    "iss": [_ADDRESS],
    "jwks_uri": [f"{_ADDRESS}/.well-known/jwks.json"],
    "redirect_uri": ["https://app.example.org/callback"],
    "redirect_uris": ["https://app.example.org/callback"],
    "resource": [_ADDRESS],
    "resource_documentation": [f"{_ADDRESS}/docs"],
    "resource_name": ["Clipstream"],
    "revocation_endpoint": [f"{_ADDRESS}/v1/oauth/revoke"],
    "scope": ["projects:read projects:write"],
    "secret_last4": ["k7Qz"],
    "service_documentation": [f"{_ADDRESS}/docs"],
    "token": [f"clg_{_CODE}"],
    "token_endpoint": [f"{_ADDRESS}/v1/oauth/token"],
    "colour": ["#ffdd33"],
    "content_type": ["video/mp4"],
    "count": [3],
    "cpu_ms": [5_400],
    "currency": ["EUR"],
    "cursor": ["eyJhdCI6MTcwMH0.c2ln"],
    "default": ["bold_outline"],
    "description": ["Why a second measurement changed the result."],
    "detail": ["It must be from 10 s to 180 s (10000 to 180000 ms)."],
    "doubtful": ["#b0b0b4"],
    "download_url": [f"/api/download/clips/{ID}/clip-01-9x16.mp4"],
    "duration_ms": [44_300, 200],
    "edge": ["#ffdd33"],
    "elapsed_ms": [61_000],
    "encoder": ["libx264"],
    "end_ms": [798_600],
    "end_word": [2_114],
    "error": ["answered 503"],
    "event_type": ["export.completed"],
    "etag": ["d41d8cd98f00b204e9800998ecf8427e"],
    "expected": [5_400],
    "export_ids": [ID],
    "family": ["Source Sans"],
    "filename": ["lecture.mp4"],
    "fill": ["#ffffff"],
    "first_word": [2_101],
    "framed_by": ["faces"],
    "gain_db": [-3.0],
    "high": [9_100],
    "hash": [_SHA],
    "highlight": ["the <mark>half-life</mark> of radium"],
    "hook": ["No one had measured this twice."],
    "id": ["S1", "c-0007"],
    "instance": ["/v1/projects"],
    "kind": ["quote"],
    "image": ["storyboard.jpg"],
    "into": ["S1"],
    "key": [f"{ID}/{_SHA}"],
    "key_id": ["pk_0123456789abcdef"],
    "key_last4": ["k7Qz"],
    "last4": ["k7Qz"],
    "label": ["Marie Curie"],
    "language": ["en"],
    "last_error": ["answered 503"],
    "licence": ["SIL Open Font License 1.1"],
    "limit": [20],
    "low": [3_200],
    "meaning": ["MiniLM-L6"],
    "match_score": [0.9911],
    "media": ["lecture.mp4"],
    "min_score": [0.7],
    "method": ["ebu-r128"],
    "model": ["whisper-base"],
    "name": ["Marie Curie", "S1"],
    "next_cursor": ["eyJhdCI6MTcwMH0.c2ln"],
    "not_used": ["gateway"],
    "note": ["The name was misspelt."],
    "only": ["segments,clips"],
    "nothing_found_reason": ["Nothing is said in the video."],
    "now": ["2.0"],
    "object": ["Sorbonne"],
    "object_key": [f"{ID}/uploads/{_SHA}.mp4"],
    "object_prefix": [f"{ID}/"],
    "operation": ["createProject"],
    "org_name": ["Example University"],
    "part": ["question"],
    "payload_base64": ["eyJwcm9qZWN0X2lkIjogbnVsbH0="],
    "percent": [62],
    "plate": ["#101418cc"],
    "pointer": ["/options/max_clips"],
    "problem": ["forbidden"],
    "project_title": ["Lecture 4: radioactive decay"],
    "prompt": ["measurements that went wrong"],
    "public_key": ["whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="],
    "q": ["half-life"],
    "query": ["half-life"],
    "quote": ["My name is Marie Curie."],
    "rates": ["2026-03"],
    "read": ["2026-03-01"],
    "reason": ["media.unsupported"],
    "refused_topic": ["uploads.refused.v1"],
    "reel": ["A001"],
    "recipe": [_SHA],
    "request_id": ["5b2a1f6e3c415d0e"],
    "response_body": ["Service Unavailable"],
    "reused_from": [ID],
    "route": ["/v1/projects/{project_id}"],
    "scorer": ["signals-7"],
    "script": ["Good morning. Today we measure twice."],
    "script_text": ["# Why parachutes work\n\nThe secret is the air that has nowhere to go."],
    "secret": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    "segment_id": ["s1"],
    "sha256": [_SHA],
    "size_bytes": [48_211_903, 1_048_576],
    "source_url": ["https://example.org/lecture.mp4"],
    "speaker": ["S1"],
    "speaker_name": ["Marie Curie"],
    "speech_ms": [612_400],
    "stage": ["render"],
    "start": ["01:00:00:00"],
    "start_ms": [754_300],
    "style": ["Bold"],
    "subject": ["Marie Curie"],
    "target_kind": ["project"],
    "template": ["bold_outline"],
    "template_id": ["bold_outline"],
    "text": ["the half-life of radium"],
    "then": ["1.9"],
    "title": ["Why we measure twice"],
    "to": ["S2"],
    "told": ["A question is asked and answered."],
    "topic": ["uploads.v1"],
    "translated_from": ["de"],
    "trust": ["trusted"],
    "type": ["/problems/invalid"],
    "unit": ["words/s"],
    "url": ["https://example.org/hook"],
    "version": [2, "2026-03"],
    "weights": ["standard"],
    "what": ["project"],
    "why": ["The loudness was out of its range."],
    "waits_for": ["triton is not available: connection refused"],
    "width_px": [1_080],
    "height_px": [1_920],
    "without_words": ["Nothing is said in it."],
    "word_count": [6_120],
    "word_ms": [757_900],
}


@cache
def request_examples() -> Mapping[str, Mapping[str, Any]]:
    """Example bodies by operationId and by name."""
    examples: dict[str, dict[str, Any]] = json.loads(_FILE.read_text())
    return examples


def add_example(name: str, schema: dict[str, Any]) -> None:
    """Give a scalar's schema an example, unless its type has one; objects, arrays and booleans need none."""
    parts = [schema, *schema.get("anyOf", ())]
    if any("examples" in part or "$ref" in part for part in parts):
        return
    scalar = next((part for part in parts if _is_scalar(part)), None)
    if scalar is None:
        return
    fitting = [value for value in EXAMPLES.get(name, ()) if _fits(scalar, value)]
    values = fitting[:1] or _allowed_values(scalar)
    if values:
        schema["examples"] = values


def _is_scalar(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") in ("string", "integer", "number") or bool(schema.get("enum"))


def _allowed_values(schema: Mapping[str, Any]) -> list[Any]:
    if schema.get("enum"):
        return [schema["enum"][0]]
    if schema.get("default") is not None:
        return [schema["default"]]
    if schema.get("type") == "string":
        return [_FORMATS[schema["format"]]] if schema.get("format") in _FORMATS else []
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if low is not None and high is not None:
        middle = min((low + high) / 2, low + 10)
        return [int(middle) if schema["type"] == "integer" else round(middle, 3)]
    return [3 if low is None else low + 3]


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    if schema.get("enum"):
        return value in schema["enum"]
    if isinstance(value, str):
        pattern, most = schema.get("pattern"), schema.get("maxLength", len(value))
        fine = schema.get("type") == "string" and "format" not in schema and len(value) <= most
        return fine and (pattern is None or re.search(pattern, value) is not None)
    if schema.get("type") == "integer" and not isinstance(value, int):
        return False
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return schema.get("type") in ("integer", "number") and low <= value <= high
