"""What a caller may ask of a project, and the rule of each: one for the API and for producers on Kafka. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.common import Aspect, TimeRange
from schemas.options.caption_template import DEFAULT_TEMPLATE, templates
from schemas.options.captions import broken_language
from schemas.options.export import ExportOptions, broken_export_rules
from schemas.options.score_weights import Genre
from schemas.quantities import exactly, spoken_range

MAX_CLIPS = 50
MOST_SHAPES = 4
CLIP_MS = (3_000, 180_000)
MOST_TOPICS = 10
TOPIC_CHARS = 100
PROMPT_CHARS = 500
MOST_SKIPPED = 100
MOST_TOLD = 5
"""Stretches that a warning names; the rest is counted."""
TERM_SIGNS, GLOSSARY_SIGNS = 60, 500
"""The decoder reads so many beside its own; more terms would push each other out."""
SCRIPT_BYTES = 60_000
"""An event holds 64 KiB at most."""
_CODES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy
id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru
sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh
"""
LANGUAGES = frozenset(_CODES.split())
"""What Whisper can be told to hear, as it names them (Javanese is jw)."""
ClipCount = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_CLIPS})]
ClipLength = Annotated[int, Meta(extra_json_schema={"minimum": CLIP_MS[0], "maximum": CLIP_MS[1]})]
ScoreBar = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 100, "examples": [30.0]})]
LanguageCode = Annotated[str, Meta(extra_json_schema={"enum": sorted(LANGUAGES)})]
Prompt = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": PROMPT_CHARS})]
Script = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": SCRIPT_BYTES})]
Term = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": TERM_SIGNS})]
TopicOption = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": TOPIC_CHARS})]
"""Types only document the bounds: `broken_rules` checks them, so that a Kafka producer gets a reason."""


class ProjectOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller may ask of a project; all optional."""

    aspect: Aspect = "9:16"
    aspects: Annotated[list[Aspect], Meta(extra_json_schema={"maxItems": MOST_SHAPES, "uniqueItems": True})] = []
    """Shapes of the automatic clips, each made in all of them by one decode; none: ``aspect`` alone."""
    captions: bool = True
    """Whether the words are burned into the clips."""
    captions_template: str = DEFAULT_TEMPLATE
    """How the captions of the automatic clips look."""
    mask_profanity: bool = False
    """Whether captions and subtitle files of the clips hide coarse words behind stars."""
    export: ExportOptions = ExportOptions()
    """How the files of the automatic clips are made."""
    language: LanguageCode | None = None
    """Language that is spoken; null: recognised by the machine."""
    max_clips: ClipCount | None = None
    """Maximum number of clips; null: by the length of the video."""
    min_clip_ms: ClipLength = 10_000
    """Minimum length of a clip."""
    max_clip_ms: ClipLength = 90_000
    """Maximum length of a clip."""
    target_clips: ClipCount | None = None
    """So many clips are aimed at; ``max_clips`` still holds, and what is not good enough is still left out."""
    min_score: ScoreBar | None = None
    """Minimum score of an automatic clip, 0 to 100; null: 40 (35 where nothing is said), and 60 % of the best one's."""
    genre: Genre = "none"
    """Kind of video: chooses the weights of the sub-scores."""
    topics: Annotated[list[TopicOption], Meta(extra_json_schema={"maxItems": MOST_TOPICS})] = []
    """Topics that moments should be about."""
    prompt: Prompt | None = None
    """What the moments should be about, in the caller's own words."""
    skip: Annotated[list[TimeRange], Meta(extra_json_schema={"maxItems": MOST_SKIPPED})] = []
    """Stretches no clip may touch."""
    glossary: tuple[Term, ...] = ()
    """Names and terms that are likely to be said, as they are written."""
    script: Script | None = None
    """What is said, word for word: it replaces what was recognised, at the times where it is said."""
    translate: Literal["en"] | None = None
    """Give the transcript a second track in this language."""

    @property
    def shapes(self) -> list[Aspect]:
        """In which each automatic clip is made, the first one first."""
        return self.aspects or [self.aspect]


def broken_rules(options: ProjectOptions) -> Mapping[str, str]:
    """Name of each option that is out of its range → what it must be; empty when all is well."""
    low, high = CLIP_MS
    checks = (
        (
            "aspects",
            len(set(options.aspects)) == len(options.aspects) <= MOST_SHAPES,
            f"at most {MOST_SHAPES} shapes, each once",
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
            len(options.topics) <= MOST_TOPICS and all(1 <= len(one.strip()) <= TOPIC_CHARS for one in options.topics),
            f"at most {MOST_TOPICS} topics, each of 1 to {TOPIC_CHARS} characters",
        ),
        (
            "prompt",
            options.prompt is None or 1 <= len(options.prompt.strip()) <= PROMPT_CHARS,
            f"{spoken_range(1, PROMPT_CHARS)} characters",
        ),
        (
            "skip",
            len(options.skip) <= MOST_SKIPPED,
            f"at most {MOST_SKIPPED} stretches, not {len(options.skip)}",
        ),
        (
            "glossary",
            all(map(_is_term, options.glossary)) and len(", ".join(options.glossary)) <= GLOSSARY_SIGNS,
            f"terms of 1 to {TERM_SIGNS} signs with a letter or digit and without <|, at most {GLOSSARY_SIGNS} in all",
        ),
        (
            "script",
            options.script is None or (bool(options.script.strip()) and len(options.script.encode()) <= SCRIPT_BYTES),
            f"a text of {spoken_range(None, SCRIPT_BYTES, 'bytes')}",
        ),
        (
            "language",
            options.language is None or options.language in LANGUAGES,
            f"the code of a language that Whisper knows: {', '.join(sorted(LANGUAGES))}",
        ),
        ("captions_template", options.captions_template in templates(), f"one of {', '.join(templates())}"),
    )
    skipped = dict(_broken_stretches(options.skip[:MOST_SKIPPED]))
    broken = dict(broken_export_rules(options.export, options.captions_template))
    if rule := broken_language(options.export.captions, options.translate):
        broken["captions/language"] = rule
    nested = {f"export/{path}": rule for path, rule in broken.items()}
    return {name: rule for name, fine, rule in checks if not fine} | skipped | nested


def _broken_stretches(stretches: Sequence[TimeRange]) -> Iterator[tuple[str, str]]:
    """Which end of which stretch is wrong, and what it must be."""
    for at, part in enumerate(stretches):
        if part.start_ms < 0:
            yield f"skip/{at}/start_ms", f"{spoken_range(0, None, 'ms')}, not {exactly(part.start_ms, 'ms')}"
        if part.end_ms <= part.start_ms:
            start, end = exactly(part.start_ms, "ms"), exactly(part.end_ms, "ms")
            yield f"skip/{at}/end_ms", f"later than its start, {start}, not {end}"


def skip_warnings(options: ProjectOptions, duration_ms: int) -> list[str]:
    """What to tell of stretches to skip that the source does not have; its length is not known when they are given."""
    beyond = [part for part in options.skip if part.end_ms > duration_ms]
    if not beyond:
        return []
    told = ", ".join(f"{exactly(part.start_ms, 'ms')} to {exactly(part.end_ms, 'ms')}" for part in beyond[:MOST_TOLD])
    more = f" and {len(beyond) - MOST_TOLD} more" if len(beyond) > MOST_TOLD else ""
    ends = f"skip: the source ends at {exactly(duration_ms, 'ms')}"
    return [f"{ends}, so what lies beyond it of {told}{more} is not there to skip."]


def _is_term(term: str) -> bool:
    """Whether the decoder can be shown a term: ``<|`` begins its own commands."""
    short = 0 < len(term.strip()) <= TERM_SIGNS and term.isprintable()
    return short and any(sign.isalnum() for sign in term) and "<|" not in term
