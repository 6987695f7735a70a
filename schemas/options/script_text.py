"""Script text: a project's source without media, and its rules for the API and producers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.options.caption_template import DEFAULT_TEMPLATE
from schemas.options.project import MAX_SCRIPT_BYTES, ProjectOptions
from schemas.quantities import spoken_range

CARDS_TEMPLATE = "cards"
"""Caption template of clips that show a script."""
SCRIPT_SIDE_PX = 1920
"""Side of the square picture behind the cards: what each aspect cuts out of it has the size of its export."""
ScriptText = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_SCRIPT_BYTES})]
"""The type only documents the bounds, as those of `ProjectOptions` do."""


def card_options(script_text: str | None, options: ProjectOptions) -> ProjectOptions:
    """The options of a project with this script: captions are cards, unless another template is named."""
    if script_text is None or options.captions_template != DEFAULT_TEMPLATE:
        return options
    return msgspec.structs.replace(options, captions_template=CARDS_TEMPLATE)


def broken_script_rules(script_text: str, options: ProjectOptions) -> Mapping[str, str]:
    """Map the path of each part of a request with a script that cannot be as it is to its rule."""
    checks = (
        (
            "script_text",
            len(msgspec.json.encode(script_text)) - 2 <= MAX_SCRIPT_BYTES,
            f"a text of {spoken_range(None, MAX_SCRIPT_BYTES, 'bytes')} as JSON in UTF-8",
        ),
        (
            "options/language",
            options.language is not None,
            "named: the language of a script decides how long each word is shown, and is not detected",
        ),
        ("options/captions", options.captions, "true: a clip of a script shows nothing but its captions"),
        ("options/script", options.script is None, "left out: `script_text` is the script already"),
        ("options/translate", options.translate is None, "left out: only sound is translated, and a script has none"),
    )
    return {path: rule for path, fine, rule in checks if not fine}
