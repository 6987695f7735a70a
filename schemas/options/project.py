"""Options of a project, with the rules that the API and producers on Kafka share. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.common import Aspect, TimeRange
from schemas.options.caption_template import DEFAULT_TEMPLATE, templates
from schemas.options.captions import broken_language
from schemas.options.curation import (
    CHOOSING,
    CLIP_MS,
    CUTTING,
    MAX_CLIPS,
    Curation,
    broken_curation,
    name_ranges,
    range_warnings,
)
from schemas.options.export_options import ExportOptions, broken_export_rules
from schemas.options.score_weights import Genre
from schemas.quantities import exactly, spoken_range

MAX_ASPECTS = 4
MAX_TOPICS = 10
MAX_TOPIC_CHARACTERS = 100
MAX_PROMPT_CHARACTERS = 500
MAX_SKIPPED_RANGES = 100
MAX_TERM_CHARACTERS, MAX_GLOSSARY_CHARACTERS = 60, 500
"""The decoder's prompt holds about this many; more terms would push each other out."""
MAX_SCRIPT_BYTES = 60_000
"""An event holds 64 KiB at most."""
_CODES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy
id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru
sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh
"""
LANGUAGES = frozenset(_CODES.split())
"""Whisper's language codes (Javanese is jw)."""
ClipCount = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_CLIPS})]
ClipLength = Annotated[int, Meta(extra_json_schema={"minimum": CLIP_MS[0], "maximum": CLIP_MS[1]})]
ScoreBar = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 100, "examples": [30.0]})]
LanguageCode = Annotated[str, Meta(extra_json_schema={"enum": sorted(LANGUAGES)})]
Prompt = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_PROMPT_CHARACTERS})]
Script = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_SCRIPT_BYTES})]
Term = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_TERM_CHARACTERS})]
TopicOption = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": MAX_TOPIC_CHARACTERS})]
"""Types only document the bounds: `broken_rules` checks them, so that a Kafka producer gets a reason."""


class ProjectOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a project; all have defaults."""

    aspect: Aspect = "9:16"
    aspects: Annotated[list[Aspect], Meta(extra_json_schema={"maxItems": MAX_ASPECTS, "uniqueItems": True})] = []
    """Aspects of the automatic clips, all rendered from one decode; empty: ``aspect`` alone."""
    captions: bool = True
    """Whether the words are burned into the clips."""
    captions_template: str = DEFAULT_TEMPLATE
    """Caption template of the automatic clips."""
    mask_profanity: bool = False
    """Whether captions and subtitle files mask profanity with asterisks."""
    export: ExportOptions = ExportOptions()
    """Export options of the automatic clips."""
    language: LanguageCode | None = None
    """Spoken language; null: detected."""
    max_clips: ClipCount | None = None
    """Maximum number of clips; null: depends on the video's length."""
    min_clip_ms: ClipLength = 10_000
    """Minimum length of a clip."""
    max_clip_ms: ClipLength = 90_000
    """Maximum length of a clip."""
    target_clips: ClipCount | None = None
    """Desired number of clips; ``max_clips`` and the minimum score still apply."""
    min_score: ScoreBar | None = None
    """Minimum score of an automatic clip, 0 to 100; null: the usual one, and a share of the best clip's score."""
    genre: Genre = "none"
    """Genre of the video, which chooses the weights of the sub-scores."""
    topics: Annotated[list[TopicOption], Meta(extra_json_schema={"maxItems": MAX_TOPICS})] = []
    """Topics to prefer."""
    prompt: Prompt | None = None
    """Subject to prefer, in the caller's words."""
    skip: Annotated[list[TimeRange], Meta(extra_json_schema={"maxItems": MAX_SKIPPED_RANGES})] = []
    """Ranges that no clip may touch."""
    curation: Curation = "on"
    """``on``: the best moments become clips. ``off``: nothing is chosen, all of the recording becomes clips, in order
    of time: ``ranges``, or without any the whole of it, cut so that no clip is longer than ``max_clip_ms``."""
    ranges: Annotated[list[TimeRange], Meta(extra_json_schema={"maxItems": MAX_CLIPS})] = []
    """Ranges that become the clips, with ``curation`` off."""
    glossary: tuple[Term, ...] = ()
    """Names and terms that are likely to occur, as they are spelled."""
    script: Script | None = None
    """The spoken words verbatim: they replace the recognised words at their times."""
    translate: Literal["en"] | None = None
    """Language of a translated track of the transcript."""

    @property
    def shapes(self) -> list[Aspect]:
        """Aspects of each automatic clip, in order."""
        return self.aspects or [self.aspect]


_USUAL = ProjectOptions()


def broken_rules(options: ProjectOptions) -> Mapping[str, str]:
    """Map each invalid option to its rule; empty if all are valid."""
    low, high = CLIP_MS
    checks = (
        (
            "aspects",
            len(set(options.aspects)) == len(options.aspects) <= MAX_ASPECTS,
            f"at most {MAX_ASPECTS} aspects, each once",
        ),
        ("max_clips", options.max_clips is None or 1 <= options.max_clips <= MAX_CLIPS, spoken_range(1, MAX_CLIPS)),
        ("min_clip_ms", low <= options.min_clip_ms <= high, spoken_range(low, high, "ms")),
        (
            "max_clip_ms",
            options.min_clip_ms <= options.max_clip_ms <= high,
            f"{spoken_range(max(low, min(options.min_clip_ms, high)), high, 'ms')}, no shorter than the shortest clip",
        ),
        (
            "target_clips",
            options.target_clips is None or 1 <= options.target_clips <= MAX_CLIPS,
            spoken_range(1, MAX_CLIPS),
        ),
        ("min_score", options.min_score is None or 0 <= options.min_score <= 100, spoken_range(0, 100)),
        (
            "topics",
            len(options.topics) <= MAX_TOPICS
            and all(1 <= len(topic.strip()) <= MAX_TOPIC_CHARACTERS for topic in options.topics),
            f"at most {MAX_TOPICS} topics, each of 1 to {MAX_TOPIC_CHARACTERS} characters",
        ),
        (
            "prompt",
            options.prompt is None or 1 <= len(options.prompt.strip()) <= MAX_PROMPT_CHARACTERS,
            f"{spoken_range(1, MAX_PROMPT_CHARACTERS)} characters",
        ),
        (
            "skip",
            len(options.skip) <= MAX_SKIPPED_RANGES,
            f"at most {MAX_SKIPPED_RANGES} ranges, not {len(options.skip)}",
        ),
        (
            "glossary",
            all(map(_is_term, options.glossary)) and len(", ".join(options.glossary)) <= MAX_GLOSSARY_CHARACTERS,
            f"terms of 1 to {MAX_TERM_CHARACTERS} characters with a letter or digit and without <|, "
            f"at most {MAX_GLOSSARY_CHARACTERS} in all",
        ),
        (
            "script",
            options.script is None
            or (bool(options.script.strip()) and len(options.script.encode()) <= MAX_SCRIPT_BYTES),
            f"a text of {spoken_range(None, MAX_SCRIPT_BYTES, 'bytes')}",
        ),
        (
            "language",
            options.language is None or options.language in LANGUAGES,
            f"the code of a language that Whisper knows: {', '.join(sorted(LANGUAGES))}",
        ),
        ("captions_template", options.captions_template in templates(), f"one of {', '.join(templates())}"),
    )
    skipped = dict(_broken_ranges(options.skip[:MAX_SKIPPED_RANGES]))
    changed = {name for name in (*CHOOSING, *CUTTING) if getattr(options, name) != getattr(_USUAL, name)}
    uncurated = dict(broken_curation(options.curation, options.ranges, changed))
    broken = dict(broken_export_rules(options.export, options.captions_template))
    if rule := broken_language(options.export.captions, options.translate):
        broken["captions/language"] = rule
    nested = {f"export/{path}": rule for path, rule in broken.items()}
    return {name: rule for name, fine, rule in checks if not fine} | skipped | uncurated | nested


def _broken_ranges(ranges: Sequence[TimeRange]) -> Iterator[tuple[str, str]]:
    """Path and rule of each invalid bound of a range."""
    for at, part in enumerate(ranges):
        if part.start_ms < 0:
            yield f"skip/{at}/start_ms", f"{spoken_range(0, None, 'ms')}, not {exactly(part.start_ms, 'ms')}"
        if part.end_ms <= part.start_ms:
            start, end = exactly(part.start_ms, "ms"), exactly(part.end_ms, "ms")
            yield f"skip/{at}/end_ms", f"later than its start, {start}, not {end}"


def beyond_warnings(options: ProjectOptions, duration_ms: int) -> list[str]:
    """Warnings about ranges beyond the source's end, which is unknown at the request."""
    warnings = range_warnings(options.ranges, duration_ms)
    if beyond := [part for part in options.skip if part.end_ms > duration_ms]:
        ends = f"skip: the source ends at {exactly(duration_ms, 'ms')}"
        warnings.append(f"{ends}, so what lies beyond it of {name_ranges(beyond)} is not there to skip.")
    return warnings


def _is_term(term: str) -> bool:
    """Whether a term may be in the decoder's prompt: ``<|`` starts its control tokens."""
    short = 0 < len(term.strip()) <= MAX_TERM_CHARACTERS and term.isprintable()
    return short and any(sign.isalnum() for sign in term) and "<|" not in term
