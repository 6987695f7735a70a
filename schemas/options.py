"""What the options of a project may be: one rule for the API and for producers on Kafka. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.events import ProjectOptions

MAX_CLIPS = 50
CLIP_MS = (3_000, 180_000)
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def broken_rules(options: ProjectOptions) -> Mapping[str, str]:
    """Name of each option that is out of its range → what it must be; empty when all is well."""
    low, high = CLIP_MS
    checks = (
        ("max_clips", options.max_clips is None or 1 <= options.max_clips <= MAX_CLIPS, f"1 to {MAX_CLIPS}"),
        ("min_clip_ms", low <= options.min_clip_ms <= high, f"{low} to {high} ms"),
        ("max_clip_ms", options.min_clip_ms <= options.max_clip_ms <= high, f"min_clip_ms to {high} ms"),
        ("language", options.language is None or bool(_LANGUAGE.fullmatch(options.language)), "a code like `en`"),
    )
    return {name: rule for name, fine, rule in checks if not fine}
