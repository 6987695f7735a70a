"""English word lists of study: what carries no topic, what opens a chapter, what leans on others. Data only."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _words(
    "a about above according across actually after afterwards again against ago ah all allow almost alone along "
    "already alright also although always am among an and another any anybody anyhow anyone anything anyway anyways "
    "anywhere apart are area around as aside ask asked asking at aw away back bad basically be became because become "
    "been before begin behind being believe below best better between beyond big bit both bring brings brought but by "
    "bye call called came can can't cannot case certain certainly clear clearly come comes coming completely continue "
    "continued continues continuing could couldn't course currently day days definitely did didn't different do does "
    "doesn't doing don't done down due during each early either else end ended enough er especially even eventually "
    "ever every everybody everyone everything exactly example expect fact fairly far feel few fewer find fine first "
    "five followed for forward found four from front fully further gave general generally get gets getting give given "
    "gives giving go goes going gone gonna good got gotta great guess guy guys had half happen happened happens hard "
    "has hasn't have haven't having he hear hello help her here hers herself hey hi him himself his hmm hold hope how "
    "however huge huh i i'd i'll i'm i've idea if important in include included including indeed instead interesting "
    "into is isn't issue it it'd it'll it's its itself just keep kind kinda knew know known knows large last late "
    "later least less let let's like likely little long look looked looking looks lot lots low made mainly make makes "
    "making many matter may maybe me mean means mention mentioned might mind mine minute minutes mm moment more most "
    "mostly move moved moving much must my myself name near nearly necessarily need needs never new next nice no "
    "nobody none nope nor normally not note nothing now number obviously occur of off often oh ok okay old on once one "
    "ones only onto open or other others otherwise our ours out over overall own part particular particularly people "
    "per perhaps person place please plus point possible possibly pretty previous probably provide provided put "
    "question questions quick quickly quite rather read ready real realise realize really reason recent recently "
    "regard regarding right said same saw say saying says second see seeing seem seemed seems seen sense several shall "
    "she should show showed shown shows side similar simply since six small so some somebody somehow someone something "
    "sometimes somewhat somewhere soon sorry sort speak start started still stop stuff such suppose sure take taken "
    "takes taking talk talked talking tell ten than thank thanks that that'd that'll that's the their theirs them "
    "themselves then there there'd there'll there's therefore these they they'd they'll they're they've thing things "
    "think thinking this those though thought three through throughout till time times to today together told tomorrow "
    "too took top totally toward towards tried true try trying turn two type uh uhm um under understand unless until "
    "up upon us use used using usually various very via want wanted wants was wasn't way ways we we'd we'll we're "
    "we've week well went were weren't what what's whatever when where whether which while who who's whole whom whose "
    "why will with within without won't wonder word words work worked working works would wouldn't wow year years yeah "
    "yep yes yesterday yet you you'd you'll you're you've your yours yourself zero mr mrs ms sir madam chair member "
    "minister gentlemen ladies percent cent"
)
"""Words that are no topic: closed classes, and what people say in any conversation."""

OPENERS = re.compile(
    r"^(okay|ok|alright|all right|so|now|next|then|well|first|second|third|finally|lastly|anyway|right|let's|let us)"
    r"\b[ ,.]",
    re.IGNORECASE,
)
"""How a new chapter may begin."""
MOVES = re.compile(
    r"\b(mov(e|ing) on|next (topic|item|point|question|slide|section|chapter|step|thing|up|on the)"
    r"|let's (start|begin|talk|go (on|to|over|through)|turn|switch|move|look at)|turn(ing)? (it |now )*(over )?to"
    r"|on the agenda|another (topic|issue|subject)"
    r"|now (i|we)('d like| want|'ll| will| would like| turn| come|'re going)"
    r"|i('d like| want| would like|'ll| will) (now )?(to )?(start|begin|talk about|move|turn|discuss)|first of all"
    r"|in (this|the next) (part|section|chapter))\b",
    re.IGNORECASE,
)
"""Said openly: something else begins."""
LEANS = _words(
    "and but or so because then also which that's he she it they this that these those there it's he's she's "
    "they're therefore thus hence however although though such him her them his their its too as than not nor"
)
"""First words of a sentence that does not stand alone."""
HOUSEKEEPING = re.compile(
    r"\b(thank(s| you)\b|good (morning|afternoon|evening|day)\b|welcome\b|ladies and gentlemen"
    r"|have a (nice|good|great)\b|(next|first|last) question|open the line|press (\*|star|the )|conference call"
    r"|stand(ing)? by|operator\b|subscribe\b|see you (next|later|soon)|over to you|on mute\b|can you hear me|go ahead"
    r"|point of order|honou?rable member)",
    re.IGNORECASE,
)
"""Greetings, thanks and the business of the meeting itself."""
TAGS = re.compile(
    r"^(right|okay|ok|yeah|yes|no|hmm|huh|what|really|sorry|pardon|correct|true|is it|isn't it|you know"
    r"|(is|does) (that|this|it) (right|correct|okay|ok|fine|clear|make sense)|any(more)? questions?"
    r"|(uh|um|mm)[\s,-]*)+[?.! ]*$",
    re.IGNORECASE,
)
"""Questions that ask nothing."""
ASKS = _words(
    "what why how when where who which whose is are was were do does did can could will would should have has"
)
FILLERS = _words("um uh er erm hmm uhm mm mm-hmm uh-huh yeah yep yes okay ok oh ah well so like right you know")


def speaks_english(language: str | None) -> bool:
    """Whether these lists are for this language (``en-GB`` is English)."""
    return (language or "").split("-")[0].lower() == "en"
