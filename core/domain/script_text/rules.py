"""What a script must be to become a project, for the API and for producers on Kafka. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.script_text.reading_time import MAX_DURATION_MS, time_script
from schemas.options.project import ProjectOptions
from schemas.options.script_text import broken_script_rules

NO_WORDS_RULE = "a text with a letter or a digit outside of [brackets]: there is nothing to show in this one"
TOO_LONG_RULE = f"a text that is read within {MAX_DURATION_MS // 3_600_000} hours: make several projects of it"


def broken_script(script_text: str, options: ProjectOptions) -> Mapping[str, str]:
    """Map the path of each part of a request with a script that cannot be as it is to its rule."""
    broken = dict(broken_script_rules(script_text, options))
    if "script_text" in broken:
        return broken
    timed = time_script(script_text, options.language or "")
    if not timed.words:
        broken["script_text"] = NO_WORDS_RULE
    elif timed.duration_ms > MAX_DURATION_MS:
        broken["script_text"] = TOO_LONG_RULE
    return broken
