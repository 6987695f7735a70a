"""English stop words, words without a topic, hesitations, fillers. Data only."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    "a about above after again all almost also am an and any are as at be because been before being below between "
    "both but by can can't could did didn't do does doesn't doing don't down during each even few for from "
    "further get gets go going gonna got had has have haven't having he her here hers herself him himself his how "
    "i i'd i'll i'm i've if in into is isn't it it's its itself just kind know let let's like lot make many may "
    "me mean might more most much must my myself no nor not now of off oh ok okay on once one only onto or other "
    "our ours out over own quite really right said same say see she should so some something sort still such than "
    "that that's the their theirs them themselves then there there's these they they're thing things think this "
    "those through to too uh um under until up us use used using very want wants was wasn't way we we're we've "
    "well were what what's when where which while who whom why will with won't would yeah yes you you'd you'll "
    "you're you've your yours yourself"
)
"""Function words and contractions. The ranking's features were fitted with these."""

TOPICLESS_WORDS = STOP_WORDS | word_set(
    "according across actually afterwards against ago ah allow alone along already alright although always among "
    "another anybody anyhow anyone anything anyway anyways anywhere apart area around aside ask asked asking aw "
    "away back bad basically became become begin behind believe best better beyond big bit bring brings brought "
    "bye call called came cannot case cent certain certainly chair clear clearly come comes coming completely "
    "continue continued continues continuing couldn't course currently day days definitely different done due "
    "early either else end ended enough er especially eventually ever every everybody everyone everything exactly "
    "example expect fact fairly far feel fewer find fine first five followed forward found four front fully gave "
    "general generally gentlemen getting give given gives giving goes gone good gotta great guess guy guys half "
    "happen happened happens hard hasn't hear hello help hey hi hmm hold hope however huge huh idea important "
    "include included including indeed instead interesting issue it'd it'll keep kinda knew known knows ladies "
    "large last late later least less likely little long look looked looking looks lots low madam made mainly "
    "makes making matter maybe means member mention mentioned mind mine minister minute minutes mm moment mostly "
    "move moved moving mr mrs ms name near nearly necessarily need needs never new next nice nobody none nope "
    "normally note nothing number obviously occur often old ones open others otherwise overall part particular "
    "particularly people per percent perhaps person place please plus point possible possibly pretty previous "
    "probably provide provided put question questions quick quickly rather read ready real realise realize reason "
    "recent recently regard regarding saw saying says second seeing seem seemed seems seen sense several shall "
    "show showed shown shows side similar simply since sir six small somebody somehow someone sometimes somewhat "
    "somewhere soon sorry speak start started stop stuff suppose sure take taken takes taking talk talked talking "
    "tell ten thank thanks that'd that'll there'd there'll therefore they'd they'll they've thinking though "
    "thought three throughout till time times today together told tomorrow took top totally toward towards tried "
    "true try trying turn two type uhm understand unless upon usually various via wanted ways we'd we'll week "
    "went weren't whatever whether who's whole whose within without wonder word words work worked working works "
    "wouldn't wow year years yep yesterday yet zero"
)
"""`STOP_WORDS`, and what people say in any conversation: no text is about one of these."""

COMMON_HESITATIONS = word_set("um uh er erm hmm uhm")
"""The sounds of hesitation that recognisers write most. The ranking's features were fitted with these."""
HESITATIONS = COMMON_HESITATIONS | word_set("umm uhh ehm hm mm mmm")
"""All spellings of hesitations. Left out on purpose: like, you know, well, so, which are words elsewhere."""
FILLERS = COMMON_HESITATIONS | word_set("mm mm-hmm uh-huh yeah yep yes okay ok oh ah well so like right you know")
"""Hesitations, back-channels and discourse markers: a sentence full of them is no summary."""
