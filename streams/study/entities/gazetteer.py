"""Word lists for names: given names, titles, roles, organisation words, places. Data only."""

from __future__ import annotations

from functools import cache
from importlib import resources

from core.domain.text.english.stopwords import word_set

GIVEN_NAMES = word_set(
    "aaron abigail adam adrian agnes ahmed aidan alan albert alejandro alex alexander alexandra alexis alfred "
    "ali alice alicia alison amanda amber amelia amir amit amy ana andre andrea andreas andrei andrew andy "
    "angela angelo anil anita anna anne annette anthony antoine anton antonio anya ariel arjun arthur arun "
    "ashley ashok audrey barbara barry beata beatrice ben benjamin bernard bernie beth betty beverly bill billy "
    "bjorn bob bobby brad bradley brandon brenda brent brett brian bridget brooke bruce bryan caitlin cameron "
    "camille carl carla carlos carmen carol caroline carolyn carrie catherine cathy cecilia celia chad charles "
    "charlie charlotte chelsea cheryl chloe chris christian christina christine christoph christopher cindy "
    "claire clara claude claudia clive colin colleen connor corey craig cristina curtis cynthia daisy dan dana "
    "daniel daniela danielle danny daphne darren dave david dawn dean deborah debbie debra deepak denis denise "
    "dennis derek diana diane diego dirk dmitri dominic don donald donna doris dorothy doug douglas duncan "
    "dylan ed eddie edgar edith eduardo edward edwin eileen elaine eleanor elena eli elias elizabeth ella ellen "
    "elliot emil emilia emily emma emmanuel enrique eric erica erik erika erin ernest esther ethan eugene eva "
    "evan eve evelyn faith fatima felix fernando fiona florian frances francesca francesco francis francisco "
    "frank franz fred freddie frederic frederick gabriel gabriela garrett gary gavin gene geoff geoffrey george "
    "gerald gerard gerry gianluca gilbert gina giovanni giuseppe glenn gloria gordon graham greg gregory "
    "guillaume gustavo guy hans harold harriet harry hassan heather hector heidi helen helena henri henry "
    "herbert hiroshi holly howard hugh hugo ian ibrahim ilya ines ingrid irene iris isaac isabel isabella ivan "
    "jack jackie jacob jacqueline jacques jaime jake jamal james jamie jan jane janet janice jared jason jasper "
    "javier jay jean jeanne jeff jeffrey jenna jennifer jenny jeremy jerome jerry jesse jessica jessie jill jim "
    "jimmy jing joan joanna joanne joe joel johan johannes john johnny jon jonas jonathan jordan jorge jose "
    "joseph josh joshua joy joyce juan judith judy julia julian juliana julie juliet jun justin kai karen karl "
    "kate katherine kathleen kathryn kathy katie katrina kay keith kelly ken kenneth kevin kim kimberly kirsten "
    "kristen kristin kumar kurt kyle larry lars laura lauren laurence laurent leah lee leila lena leo leonard "
    "leslie lewis liam lily linda lindsay lisa liz lloyd logan lorenzo lori louis louise luca lucas lucia lucy "
    "luis luke lydia lynn madeleine maggie malcolm manuel marc marcel marcia marco marcus margaret maria "
    "marianne marie marilyn mario marion marissa mark markus marlene marta martha martin martina marty mary "
    "mathew mathieu matt matteo matthew maureen maurice max maxime megan mehmet melanie melissa mercedes "
    "meredith michael michel michele michelle miguel mike mikhail milan mildred ming miranda miriam mitch "
    "mohamed mohammed molly monica monique morgan muhammad nadia nancy naomi natalia natalie natasha nathan "
    "nathaniel neil nelson nicholas nick nicola nicolas nicole nigel nikhil nina noah noel nora norman olga "
    "oliver olivia omar oscar owen pablo pam pamela paolo pascal pat patricia patrick paul paula pauline pavel "
    "pedro peggy penny pete peter phil philip philippe phillip pierre priya rachel rafael raj rajesh ralph "
    "ramesh ramon randall randy raphael raul ravi ray raymond rebecca regina rene ricardo richard rick ricky "
    "rita rob robert roberta roberto robin rod rodney roger roland roman ron ronald rosa rose rosemary ross roy "
    "ruben rudolf russell ruth ryan sabrina salma sally sam samantha samir samuel sandeep sandra sandy sanjay "
    "santiago sara sarah scott sean sebastian serena sergei sergio seth shannon sharon shaun sheila shelley "
    "shirley sid silvia simon simone sofia sonia sophia sophie stacey stan stanley stefan stefano steffen "
    "stella stephanie stephen steve steven stuart sue sunil susan suzanne suzy sven sylvia tamara tanya tara "
    "ted terence teresa terry theo theodore theresa thierry thomas tiffany tim timothy tina tobias todd tom "
    "tomas tommy toni tony tracy trevor tyler ulrich ursula valentina valerie vanessa vera veronica vicki "
    "victor victoria vijay vikram vince vincent viola virginia vivek vivian vladimir walter wanda warren wayne "
    "wei wendy wesley wilhelm will william willie wolfgang xavier yan yann yannick ying yuki yusuf yves yvonne "
    "zach zachary zoe"
)
"""Given names of many countries, by hand; other names are found by their context."""
PERSON_TITLES = word_set(
    "mr mrs ms miss dr prof professor sir madam lord lady president senator congressman minister judge captain"
)
ROLE_PATTERN = (
    r"(?:(?:our|the|your|my|a|former|current|interim|global|group|deputy|acting|senior|executive|associate"
    r"|assistant|vice|"
    r"managing|general|chief|co|founding|lead|principal|independent|regional|corporate|non)[ -]+)*"
    r"(?:(?:\w+ ){0,2}officer|president|chair(?:man|woman|person)?|ceo|cfo|coo|cto|cmo|director|head|founder"
    r"|co-founder|"
    r"partner|manager|analyst|professor|counsel|treasurer|controller|scientist|engineer|minister|secretary"
    r"|author|editor|"
    r"host|moderator|producer|spokes(?:man|woman|person)|leader|economist|strategist|vp|evp|svp|investor relations)"
)
"""A job as it is said after a name."""
JOB_WORDS = word_set(
    "chief executive officer president vice senior chairman chairwoman chair director financial operating "
    "commercial technology medical scientific marketing information general counsel manager managing head ceo "
    "cfo coo cto cmo evp svp vp secretary minister prime board directors deputy analyst founder cofounder "
    "co-founder partner operator investor relations treasurer controller editor host moderator honourable "
    "honorable speaker member members phase figure table slide section chapter mr mrs ms dr"
)
"""Capitalised words that are no name: jobs, titles, parts of a document."""
ORG_ENDS = word_set(
    "inc incorporated corp corporation ltd limited llc llp plc gmbh ag sa nv co company companies group "
    "holdings holding bank bancorp capital partners securities research advisors advisers management "
    "investments investment ventures fund university college school institute academy hospital clinic "
    "laboratory laboratories labs lab foundation association society council committee commission agency "
    "authority administration department ministry bureau office board court union federation alliance coalition "
    "party congress parliament senate therapeutics pharmaceuticals pharma biosciences biotech technologies "
    "technology systems solutions software networks media news times post journal magazine studios pictures "
    "entertainment records airlines airways motors energy resources petroleum insurance financial services "
    "stores markets market exchange nasdaq church police army navy force museum library team club league service "
    "industries enterprises associates consulting engineering construction railroad railway railways airport utilities "
    "electric gas oil power water brands foods beverages hotels resorts casinos properties realty reit trust "
    "bancshares bankshares equity international communications telecom wireless broadcasting interactive gaming "
    "logistics transport transportation trucking shipping lines express aerospace dynamics instruments "
    "semiconductor semiconductors devices diagnostics genetics genomics sciences biopharma chemical chemicals "
    "materials metals mining minerals steel packaging automotive apparel outfitters homes builders brothers bros "
    "sons credit mortgage savings securities funds analytics robotics cooperative press publishing radio orchestra "
    "embassy centre center cabinet tribunal directorate secretariat ombudsman institution clinics schools "
    "polytechnic seminary"
)
"""The last word of an organisation's name."""
ORG_CLOSERS = word_set(
    "inc incorporated corp corporation ltd limited llc llp plc gmbh ag sa nv co company companies group holdings "
    "partners advisors advisers university club solutions news media foundation association society agency"
)
"""After these words ``and`` begins another name."""
ORG_STARTS = word_set(
    "university bank department ministry institute bureau office house society council college board federation "
    "academy chamber centre center association commission museum court union order school league"
)
ORG_FOR = word_set(
    "institute centre center department association foundation council agency society bureau ministry campaign "
    "coalition"
)
"""Words that are for something by their name: ``Institute for Sea Ice``."""
PUBLIC_BODIES = word_set(
    "commission senate congress parliament court ministry department agency council committee treasury bureau fed "
    "company university army navy legislature bundestag duma knesset politburo federation union league association"
)
"""With a capital and ``the`` before it, one of these alone is a certain organisation."""
KNOWN_ORGS = word_set(
    "google microsoft apple amazon facebook meta netflix twitter youtube instagram tiktok linkedin uber airbnb "
    "tesla spacex nasa ibm intel nvidia amd oracle cisco samsung sony nokia toyota honda ford walmart target "
    "costco disney pfizer moderna astrazeneca boeing airbus reuters bloomberg nasdaq nyse unesco unicef nato "
    "opec fda sec fbi cia irs epa nhs imf who un cnn bbc openai anthropic github wikipedia stanford harvard mit "
    "yale princeton oxford jefferies barclays citi citigroup jpmorgan hsbc ubs deloitte kpmg pwc mckinsey visa "
    "mastercard paypal starbucks mcdonald's nike adidas"
)
NOT_ORG = word_set(
    "ceo cfo coo cto cmo vp evp svp ebitda gaap non-gaap eps roi roe capex opex arpu kpi ipo q1 q2 q3 q4 h1 h2 "
    "fy ai ml it hr pr tv pc dvd cd usb hd lcd led url api sdk app ok okay faq covid covid-19 am pm ad bc phd "
    "mba ba ma ms dna rna icu cpu gpu ui ux iot vr ar gps atm pin id diy usd eur gbp lp wi-fi wifi qa q&a m&a "
    "r&d ir sg&a yoy p&l cogs b2b b2c saas csr esg"
)
"""Capitals that are no organisation."""
HOLIDAYS = word_set(
    "christmas easter thanksgiving halloween hanukkah passover ramadan eid diwali pentecost advent xmas valentine's"
)
DAYS = word_set("monday tuesday wednesday thursday friday saturday sunday")
MONTHS = word_set(
    "january february march april may june july august september october november december jan feb mar apr jun "
    "jul aug sep sept oct nov dec"
)
PEOPLES = word_set(
    "american americans canadian canadians british english french german germans italian spanish dutch european "
    "europeans asian african chinese japanese korean indian indians russian mexican brazilian australian irish "
    "scottish welsh swiss swedish norwegian danish finnish polish turkish greek arab arabic jewish muslim "
    "muslims christian christians catholic hindu buddhist latin republican republicans democrat democrats "
    "democratic conservative liberal liberals indigenous native israeli iranian iraqi ukrainian "
    "portuguese hebrew"
)
"""Peoples, languages, religions and parties: none of the kinds we list."""


DIRECTIONS = word_set(
    "north south east west northern southern eastern western central northeast northwest southeast southwest "
    "northeastern northwestern southeastern southwestern upper lower greater inner outer mainland metropolitan downtown"
)
"""Before a place they make a smaller place of it."""
PLACE_ENDS = word_set(
    "river lake lakes mountain mountains valley basin bay coast island islands sea ocean peninsula desert county "
    "province region gulf canyon beach springs airport street avenue boulevard highway freeway "
    "bridge strait plateau dam stadium arena plaza tower towers canal parish township borough reef glacier volcano"
)
"""The last word of a place's or a building's name."""
PLACE_STARTS = word_set("mount lake fort port cape san santa saint st los las el")
PLACES_OF = word_set(
    "gulf bay isle island republic state states city province strait commonwealth kingdom port district county "
    "town sea cape horn"
)
"""Kinds of place that stand before ``of``."""
EVENT_ENDS = word_set("conference summit symposium expo festival olympics championship championships cup awards war")


def is_place(name: str) -> bool:
    """Whether a name, in lower case, is a place wherever it stands."""
    return name in places()


@cache
def places() -> frozenset[str]:
    """Names of places, lower case; data/places.txt says where they are from."""
    return _read_names("places.txt")


@cache
def towns() -> frozenset[str]:
    """Names of smaller places, lower case.

    Many are surnames or words as well, so the sentence has to say that it is a place.
    """
    return _read_names("towns.txt")


def _read_names(name: str) -> frozenset[str]:
    text = resources.files(__package__).joinpath(f"data/{name}").read_text(encoding="utf-8")
    return frozenset(line.lower() for line in text.splitlines() if line and not line.startswith("#"))
