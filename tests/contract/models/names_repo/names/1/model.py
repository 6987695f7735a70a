"""A recogniser of names for tests: whatever stands in ⟨angle brackets⟩ is an organisation.

``!garbage`` in a text makes an answer that is no JSON, ``!outside`` a span beyond the text.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[6] / "models" / "shared"))

import numpy as np
from serving import respond, tensor_of  # type: ignore[import-not-found]  # in models/shared

MARKED = re.compile("⟨([^⟩]+)⟩")


class TritonPythonModel:
    """One instance; it has no weights."""

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return [respond(request, "brackets-1", self._serve) for request in requests]

    def _serve(self, request: Any) -> dict[str, Any]:
        rows = [find(text.decode()) for text in tensor_of(request, "TEXTS").reshape(-1)]
        return {"NAMES": np.array([row.encode() for row in rows], dtype=np.object_)}


def find(text: str) -> str:
    """The names of one text as JSON."""
    if "!garbage" in text:
        return "garbage"
    names = [
        {"begin": match.start(1), "end": match.end(1), "kind": "organisation", "probability": 0.9}
        for match in MARKED.finditer(text)
    ]
    if "!outside" in text:
        names.append({"begin": 0, "end": len(text) + 1, "kind": "person", "probability": 0.9})
    return json.dumps(names)
