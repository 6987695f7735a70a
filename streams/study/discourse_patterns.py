"""English word lists of study: how chapters begin and end, which sentences depend on others.

Data only.
"""

from __future__ import annotations

import re

from core.domain.text.english.stopwords import word_set

CHAPTER_OPENINGS = re.compile(
    r"\b(next (topic|item|point|question|slide|section|chapter|step|thing|up|on the|is|one)|mov(e|ing) on|agenda"
    r"|let's (start|begin|talk|go (on|to|over|through)|turn|switch|move|look at|see)|turn(ing)? (it |now )*(over )?to"
    r"|another (topic|issue|subject)|first of all|finally|now (we|i|let's|it)|(your|my|the) presentation"
    r"|(we|i)('ll| will| want to| would like to|'d like to|'re going to) (now )?"
    r"(go|move|continue|hear|turn|start|talk about|begin|discuss)|in (this|the next) (part|section|chapter))\b",
    re.IGNORECASE,
)
"""Phrases near the beginning of a chapter: another topic or speaker, the words of an agenda."""
CHAPTER_CLOSINGS = re.compile(
    r"\b(thank you|thanks|cheers|any (other |more |further )?(questions?|comments?|thoughts|ideas)|over to you"
    r"|go ahead|the floor is yours|your turn|go first|that's (it|all|everything))\b",
    re.IGNORECASE,
)
"""Phrases that end a topic or hand over to the next speaker."""
TOPIC_CHANGES = re.compile(
    r"\b(mov(e|ing) on|next (topic|item|point|question|slide|section|chapter|step|thing|up|on the)"
    r"|let's (start|begin|talk|go (on|to|over|through)|turn|switch|move|look at)|turn(ing)? (it |now )*(over )?to"
    r"|on the agenda|another (topic|issue|subject)"
    r"|now (i|we)('d like| want|'ll| will| would like| turn| come|'re going)"
    r"|i('d like| want| would like|'ll| will) (now )?(to )?(start|begin|talk about|move|turn|discuss)|first of all"
    r"|in (this|the next) (part|section|chapter))\b",
    re.IGNORECASE,
)
"""Phrases that announce another topic."""
DEPENDENT_OPENERS = word_set(
    "and but or so because then also which that's he she it they this that these those there it's he's she's "
    "they're therefore thus hence however although though such him her them his their its too as than not nor it'll "
    "he'll she'll they'll that'll he'd she'd they'd cause 'cause otherwise"
)
"""First words of a sentence that depends on the one before."""
LEADING_WORDS = word_set("and but so or okay ok well now um uh yeah yes right alright oh mm mm-hmm hmm 'kay")
"""First words that a sentence can do without."""
BACK_REFERENCES = re.compile(
    r"\b((as|like) (i|we|you|he|she|they)(('ve| have| had| was| were)( just| already)?| just| already)?"
    r" (said|say|saying|mentioned|told|talked|discussed)|(mentioned|said) (before|earlier|above))\b",
    re.IGNORECASE,
)
"""Phrases that point back to what was said before."""
HOUSEKEEPING_PHRASES = re.compile(
    r"\b(thank(s| you)\b|good (morning|afternoon|evening|day)\b|welcome\b|ladies and gentlemen"
    r"|have a (nice|good|great)\b|(next|first|last) question|open the line|press (\*|star|the )|conference call"
    r"|stand(ing)? by|operator\b|subscribe\b|see you (next|later|soon)|over to you|on mute\b|can you hear me|go ahead"
    r"|point of order|honou?rable member)",
    re.IGNORECASE,
)
"""Greetings, thanks and the business of the meeting itself."""
TAG_QUESTIONS = re.compile(
    r"^(right|okay|ok|yeah|yes|no|hmm|huh|what|really|sorry|pardon|correct|true|is it|isn't it|you know"
    r"|(is|does) (that|this|it) (right|correct|okay|ok|fine|clear|make sense)|any(more)? questions?"
    r"|(uh|um|mm)[\s,-]*)+[?.! ]*$",
    re.IGNORECASE,
)
"""Questions that ask nothing."""
QUESTION_WORDS = word_set(
    "what why how when where who which whose is are was were do does did can could will would should have has"
)
"""Words that make a question."""


def speaks_english(language: str | None) -> bool:
    """Whether these lists apply to a language (``en-GB`` is English)."""
    return (language or "").split("-")[0].lower() == "en"
