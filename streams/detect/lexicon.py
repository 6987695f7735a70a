"""Word lists of the text features, by language; a language without lists has no such features.

Data only. Lists are lower case and closed by hand: short enough to read, so that a score can be explained by pointing
at a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from core.domain.text.bare_word import bare_word
from core.domain.text.english.stopwords import COMMON_HESITATIONS, STOP_WORDS, word_set
from core.domain.text.english.word_classes import COURTESY_PHRASES


class Lexicon(msgspec.Struct, frozen=True, kw_only=True):
    """Word lists of one language for the text features."""

    stop: frozenset[str]
    leaning: frozenset[str]
    """First words that lean on the sentence before: conjunctions and consequences."""
    pointing: frozenset[str]
    """Pronouns that point at something said before."""
    fresh: frozenset[str]
    """First words that open a new thought."""
    address: frozenset[str]
    contrast: frozenset[str]
    strong: frozenset[str]
    denying: frozenset[str]
    """Words that say no."""
    numbers: frozenset[str]
    fillers: frozenset[str]
    self_: frozenset[str]
    people: frozenset[str]
    """Words for people of daily life: jokes and stories are about them."""
    weakness: frozenset[str]
    """Human weakness and mishap, said lightly."""
    outcries: frozenset[str]
    together: frozenset[str]
    resolve: frozenset[str]
    values: frozenset[str]
    """Values that people clap for."""
    past: frozenset[str]
    """Verbs of a story; regular ones are known by their -ed."""
    hedges: frozenset[str]
    advice: frozenset[str]
    """Words of what to do and what to leave."""
    speech_verbs: frozenset[str]
    causes: frozenset[str]
    superlatives: frozenset[str]
    """Words of what is most, least, all or none."""
    feelings: frozenset[str]
    procedure: frozenset[str]
    """Words about the recording, the meeting or the document itself."""
    courtesy: re.Pattern[str]
    """Greetings, thanks and housekeeping: said in every meeting, worth no clip."""


ENGLISH = Lexicon(
    stop=STOP_WORDS,
    leaning=word_set(
        "and so but or nor because which then also therefore thereby thus hence plus except although though "
        "whereas while unless otherwise instead still too as than that's provided including especially"
    ),
    pointing=word_set(
        "he she it they him her them his their theirs its this that these those there such it's he's she's they're"
    ),
    fresh=word_set(
        "now imagine look listen today first suppose consider here how what why when who where let let's i we you if"
    ),
    address=word_set("you your you're you'll you've you'd yourself imagine look listen let's remember"),
    contrast=word_set(
        "but instead however although though yet actually contrary unlike despite rather whereas except until"
    ),
    strong=word_set(
        "never always must impossible nobody everybody everyone everything nothing only best worst biggest "
        "greatest most least every dead die dies died kill kills killed life death alive danger dangerous "
        "secret truth lie wrong love hate fear afraid believe trust amazing incredible unbelievable shocking "
        "crazy terrible terrifying beautiful brilliant genius huge enormous massive destroy demolish crush "
        "break breaks breaking fail failed failure win won free freedom war power revolution disaster miracle "
        "extreme extremely absolutely completely exactly guarantee promise mistake mistakes problem changed "
        "change first last forever"
    ),
    denying=word_set(
        "no not never nobody nothing none neither nor nowhere cannot can't don't doesn't didn't won't wouldn't "
        "shouldn't couldn't isn't aren't wasn't weren't haven't hasn't hadn't without"
    ),
    numbers=word_set(
        "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred hundreds thousand thousands million millions billion billions trillion half "
        "double twice percent"
    ),
    fillers=COMMON_HESITATIONS,
    self_=word_set("i i'm i've i'd i'll me my mine myself"),
    people=word_set(
        "man men woman women guy guys girl girls boy boys kid kids child children baby wife husband mother mom mum "
        "mommy father dad daddy son daughter brother sister parents grandmother grandma grandfather grandpa uncle aunt "
        "cousin friend friends girlfriend boyfriend boss teacher doctor neighbor neighbour roommate dog cat"
    ),
    weakness=word_set(
        "stupid silly dumb idiot idiots fool foolish drunk beer lazy fat ugly mad weird ridiculous awful horrible bad "
        "worse childish nonsense rubbish hell damn crap sorry joke jokes joking funny kidding scared guilty "
        "embarrassing embarrassed broke boring bored ignorant clumsy naked pants toilet nerd nerds geek creepy awkward "
        "pathetic hate sucks trouble confused jealous cheat cheated lied lying"
    ),
    outcries=word_set("oh ooh wow ah aha ha haha hey god gosh jeez whoa ouch yay hooray hallelujah"),
    together=word_set("we us our ours we're we've we'll we'd ourselves together everyone everybody"),
    resolve=word_set("must will shall should need can let's want deserve won't can't cannot fight build stand choose"),
    values=word_set(
        "proud pride honor honour grateful believe hope dream dreams future children justice freedom free peace equal "
        "equality rights dignity courage brave heroes hero change world humanity human generation generations love "
        "faith democracy nation country truth together support deserve possible impossible inspire inspired "
        "congratulate congratulations applause celebrate volunteers teachers soldiers veterans"
    ),
    past=word_set(
        "was were had did went said told came got took made knew thought saw found gave left felt became began kept "
        "brought asked called heard looked wanted tried used worked turned started happened died lost won met sat "
        "stood ran fell broke spoke grew"
    ),
    hedges=word_set(
        "maybe perhaps probably basically actually sort kind guess somewhat possibly generally essentially mostly um "
        "uh like"
    ),
    advice=word_set("should must need needs have don't never always try stop start make sure"),
    speech_verbs=word_set("said says told asked goes replied answered"),
    causes=word_set("because so therefore reason why since cause means"),
    superlatives=word_set(
        "best worst biggest greatest most least first last only every never always all nobody everyone everybody "
        "nothing everything"
    ),
    feelings=word_set(
        "love hate fear afraid angry happy sad cry cried pain dead death die died kill killed war hope dream shame "
        "proud scared hurt suffer tears laugh joke fun funny crazy amazing terrible horrible beautiful"
    ),
    procedure=word_set(
        "slide agenda item minutes meeting screen page section report chapter table figure quarter motion question "
        "questions next operator line remote committee website link sponsor episode show podcast notes"
    ),
    courtesy=COURTESY_PHRASES,
)

BY_LANGUAGE: Mapping[str, Lexicon] = {"en": ENGLISH}

POLITE = word_set("thank thanks please welcome kind kindly like well okay ok yes yeah sure dear")
"""Words of politeness and habit that a sentiment lexicon takes for feeling."""
DIGIT = re.compile(r"\d")


def normalise_lexicon_word(text: str) -> str:
    """Fold a word as the lists have it: lower case, a plain apostrophe, only the signs of amounts."""
    return bare_word(text.lower().replace("’", "'"), keep_before="%$€£", keep_after="%")


def lexicon_for(language: str | None) -> Lexicon | None:
    """The lists of a language (``en-GB`` counts as ``en``), or None."""
    return BY_LANGUAGE.get((language or "").split("-")[0].lower())
