"""English verbs by their forms: auxiliaries, and the verbs of everyday talk. Data and pure look-ups."""

from __future__ import annotations

from core.domain.text.english.stopwords import word_set

AUXILIARIES = word_set(
    "am is are was were has have had do does did will would can could shall should may might must cannot ain't "
    "isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't can't couldn't shan't "
    "shouldn't mightn't mustn't i'm you're we're they're he's she's it's that's there's what's who's here's where's "
    "how's i've you've we've they've i'll you'll he'll she'll it'll we'll they'll that'll there'll i'd you'd he'd "
    "she'd it'd we'd they'd gonna gotta wanna"
)
"""Finite verbs by themselves, and pronouns that one is contracted with."""
IMPERATIVE_AUXILIARIES = word_set("be do don't have let let's never")
"""First words of a request that are no statement's first word."""

_REGULAR = word_set(
    "accept act add admit affect agree aim allow announce answer appear apply argue arrive ask assume attack attract "
    "avoid bake balance ban base beg behave believe belong benefit blame block borrow bother bounce breathe burn "
    "bury call campaign care carry cause celebrate challenge change charge check cheer claim clean clear climb close "
    "collapse collect compare compete complain complete concern confirm confuse connect consider contain continue "
    "contribute control convince cook copy correct cost count cover crash create cross cry damage dance debate debug "
    "decide declare decline defeat defend define deliver demand deny depend deploy deserve design destroy develop "
    "die disagree disappear discover discuss divide double doubt dream drop earn embrace employ enable encourage end "
    "enjoy ensure enter escape exist expand expect experience explain explode explore express face fail fear file "
    "fill finish fire fit fix flash flow follow force frighten gather govern grab guarantee guess guide handle "
    "happen hate heal help hire honor honour hope hunt identify ignore imagine improve include increase indicate "
    "inherit insist inspire install intend invent invest invite involve join judge jump justify kick kill knock lack "
    "land last laugh launch learn lie lift like limit link listen live load lock look love lower maintain manage "
    "mark marry matter measure mention miss mix move name need notice obey observe occur offer open oppose order "
    "organise organize own pack paint park pass pause perform phone pick place plan plant play please point pop pour "
    "practise practice praise pray prefer prepare press pretend prevent print process produce program promise "
    "promote protect prove provide publish pull punish push raise reach realise realize receive recommend record "
    "recover reduce refer refuse regret reject release remain remember remind remove repeat replace reply report "
    "represent require rescue respect respond rest return reveal risk roll ruin rule rush sail save scale scare "
    "score search seem serve settle share ship shock shout sign smell smile solve sound spell spill start stare "
    "state stay step stop struggle study succeed suffer suggest support suppose surprise surround survive suspect "
    "switch talk taste tend test thank threaten touch trade train transform travel treat trick trust try turn "
    "understand unite update upgrade use value vary view abandon absorb abuse accelerate accuse achieve acquire "
    "adapt adjust admire adopt advance advise alter amaze amount appeal appreciate appoint approve arrange arrest "
    "assign assist assure attempt attend award back bind blind boost bother bow breed bridge cancel capture cast "
    "cease chase cite clarify coach combine command commit communicate compile concede conclude condemn conduct "
    "confess confront conquer consist construct consult contact convert convey cool cope crack criticise criticize "
    "damn dare deceive decrease dedicate defy delay delete demonstrate describe desire detect determine dictate "
    "differ disappoint dislike dismiss display distribute disturb dominate drag drain drown dry ease eclipse educate "
    "eliminate emerge emphasise emphasize employ empower enforce engage equip erase establish estimate evaluate "
    "evolve examine exceed exclude excuse execute expose express extend fade fascinate favor favour feature fish "
    "float flood fold forge found free fuel fulfil fulfill fund gain generate grant greet guard harm hate haunt "
    "hesitate highlight host hug humiliate hurry illustrate impact implement imply import impose impress inform "
    "injure innovate inspect institute integrate interest interpret interrupt introduce investigate invite isolate "
    "issue jail joke keep label last lean liberate lock loosen lobby long loop maximise maximize melt merge mind "
    "minimise minimize mislead motivate negotiate nod nominate note number object oblige obtain occupy operate "
    "oppress outlive overcome overlook owe participate perceive permit persist persuade pitch plunge pollute ponder "
    "position post pour precede predict preserve preside preach presume prevail proceed proclaim profit progress "
    "prohibit project propose prosper punch purchase pursue qualify question quote rain rank rate react reassure "
    "rebuild recall recognise recognize recruit reflect reform regard reinforce relate relax relieve rely render "
    "rent repair resemble reserve resign resist resolve restore restrict result retain retire reunite review reward "
    "rob rock rub sacrifice satisfy scan scatter schedule scream secure select separate shape shift shine shorten "
    "signal slip slow smash sort spark specify split spoil sponsor squeeze stimulate store strengthen stress stretch "
    "strip structure stuff submit substitute sue sum supply suppress surrender sustain symbolise symbolize tackle "
    "target tax team tempt tie toss tour trace track translate trap tumble type undermine unite unleash urge vanish "
    "venture violate volunteer wander weaken whisper widen wipe withdraw witness worsen worship wound visit vote "
    "wait walk want warn wash waste watch weigh welcome wish wonder work worry wrap yell"
)
_IRREGULAR = (
    "arise arose; awake awoke; bear bore; beat beat; become became; begin began; bend bent; bet bet; bite bit; blow "
    "blew; break broke; bring brought; build built; buy bought; catch caught; choose chose; come came; cut cut; deal "
    "dealt; dig dug; draw drew; drink drank; drive drove; eat ate; fall fell; feed fed; feel felt; fight fought; "
    "find found; fly flew; forbid forbade; forget forgot; forgive forgave; freeze froze; get got; give gave; go "
    "went; grow grew; hang hung; have had; hear heard; hide hid; hit hit; hold held; hurt hurt; keep kept; know "
    "knew; lay laid; lead led; leave left; lend lent; let let; light lit; lose lost; make made; mean meant; meet "
    "met; pay paid; put put; quit quit; read read; ride rode; ring rang; rise rose; run ran; say said; see saw; seek "
    "sought; sell sold; send sent; set set; shake shook; shine shone; shoot shot; show showed; shut shut; sing sang; "
    "sink sank; sit sat; sleep slept; speak spoke; speed sped; spend spent; spread spread; stand stood; steal stole; "
    "stick stuck; strike struck; swear swore; sweep swept; swim swam; swing swung; take took; teach taught; tear "
    "tore; tell told; think thought; throw threw; tell told; overcome overcame; mislead misled; withdraw withdrew; "
    "undergo underwent; feed fed; bind bound; breed bred; flee fled; slide slid; spin spun; split split; cost cost; "
    "weave wove; understand understood; wake woke; wear wore; win won; write wrote"
)
_PAST_BY_BASE = dict(pair.split() for pair in _IRREGULAR.split("; "))


_DOUBLED = word_set(
    "admit ban beg commit debug drag drop fit get grab hit hug nod occur omit permit plan plot pop prefer program "
    "refer regret rob rub run set ship sit slip spin split step stop strip submit trap win wrap cut put nod dig"
)
"""Verbs whose last letter is written twice before -ed and -ing."""


def _inflect(base: str, ending: str) -> str:
    """Add ``s``, ``ed`` or ``ing`` to a verb by the rules of spelling."""
    if ending == "s":
        if base.endswith(("s", "sh", "ch", "x", "z", "o")):
            return f"{base}es"
        return f"{base[:-1]}ies" if base.endswith("y") and base[-2] not in "aeiou" else f"{base}s"
    if ending == "ed" and base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ied"
    if ending == "ed" and base.endswith("e"):
        return f"{base}d"
    stem = base[:-1] if base.endswith("e") and not base.endswith("ee") else base
    return f"{stem}{stem[-1]}{ending}" if base in _DOUBLED else f"{stem}{ending}"


BASE_FORMS = _REGULAR | frozenset(_PAST_BY_BASE)
"""Infinitives, and the present of every subject but the third person singular."""
THIRD_PERSON_FORMS = frozenset(_inflect(base, "s") for base in BASE_FORMS) - {"haves"} | {"has"}
"""The present of the third person singular; nouns in the plural look alike (`plans`)."""
PAST_FORMS = frozenset(_PAST_BY_BASE.values()) | frozenset(_inflect(base, "ed") for base in _REGULAR)
"""The past tense."""
ING_FORMS = frozenset(_inflect(base, "ing") for base in BASE_FORMS)
"""Present participles and gerunds."""
