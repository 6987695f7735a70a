"""English words that are no hashtag, and words in -ing that are one. Data only."""

from __future__ import annotations

from core.domain.text.english.stopwords import word_set

CALENDAR_WORDS = word_set(
    "january february march april may june july august september october november december jan feb mar apr jun jul "
    "aug sept sep oct nov dec monday tuesday wednesday thursday friday saturday sunday spring summer autumn fall "
    "winter"
)
"""Names of months, days and seasons: alone they name no subject."""

TITLES_OF_PERSONS = word_set(
    "mr mrs ms miss dr sir madam senator governor secretary chairman chairwoman congressman congresswoman speaker "
    "professor lord lady colonel moderator president"
)
"""What stands before a person's name."""

TAGGED_ING_NOUNS = word_set(
    "accounting advertising banking boxing branding building camping clothing coding computing cooking cycling "
    "dancing debugging drawing engineering fishing funding gaming gardening hiking hosting housing hunting knitting "
    "lighting manufacturing marketing mining networking nursing painting parenting programming publishing racing "
    "recycling refactoring running sailing shopping singing spring streaming string surfing swimming teaching "
    "testing trading training travelling traveling wedding king evening"
)
"""Words in -ing that name an activity people write about."""

EMPTY_NOUNS = word_set(
    "implementation recommendation recommendations preview hundreds complex duration behavior behaviors "
    "bubble line grade index valley commander reload fight couple past docs hump contrary roadblock "
    "roadblocks neighbors neighbours fair amounts commons mentor bridge continent enormity sidelines gauge "
    "ability absence access act action addition advance advantage advice age amount answer apart approach argument "
    "arm arms array aspect assumption attempt attention attitude author average background basis bear beginning "
    "behalf behaviour being benefit bottom bounds box bucket bunch button call capacity case category century chance "
    "change chapter character chin choice circle circumstance claim clip code colour comment commitment component "
    "concept concern conclusion condition conditions confidence connection consequence content context contrast "
    "control conversation corner couple course credit crowd cut dance date deal decade decades decision degree "
    "demand detail details difference difficulty direction discussion distance doubt draw drive dude edge effect "
    "effort efforts element emphasis endeavor enough episode era error evening event events everyday evidence "
    "exercise existence expectation expectations experience explanation extent eye eyes face factor failure fan "
    "favor favour feature feeling field fight figure finger floor focus folks foot form format frame front fruits "
    "function future gain game goal grace ground grounds group habit hand hands handful head heart hell help hope "
    "host hour hours household icon ideal ideals ideas image impact importance impression inch influence information "
    "input insight instance intent interest interests item items job kid kids kind kinds knowledge label lack "
    "language lead leap leaps leave lesson letter level life limit list listener listeners lives load location look "
    "loss lots luck machine main majority manner mark mass material means measure medium message method middle "
    "millions mistake mode model moments months morning motion mouth move name names nature neck night none notice "
    "notion object objects objective occasion offer opinion opportunity option options order outcome output pack "
    "page pain pair parent paragraph parts party passage path pattern pause percentage period person phase phrase "
    "picture piece pieces pile places plan plans platform play pleasure plenty pocket points position possibility "
    "post power practice presence press price principle principles priority privilege process product progress "
    "project projects promise proof property proportion proposal purpose quality quantity quarter race range rate "
    "reaction reality reasons record reference relation relationship remark request requirement resource resources "
    "respect respects response rest result results return reward rise risk road role roof room rows rule rules sake "
    "scale scenario schedule scope seat section sector segment selection self sense sentence sequence series session "
    "set sets setting shape share sheet shore shores shot shoulder show sight sign signal sir situation size skill "
    "society solution somebody sort source space spot stage standard state statement stats status step steps stories "
    "story strategy strength structure struggle style subject success suggestion sum surface system systems table "
    "target task team technique tendency term terms text theme theory thousands thread throat tone tool tools topic "
    "total touch track trade treatment trend trick trip trouble trust truth turn type unit usage user users value "
    "values variety inside normal perfect opposite human present cursor mindset nerds stuff consideration sounds "
    "board agreement countries world trail pants shit damn hell minimum maximum creep hint buddy inch worldwide lots "
    "okay dude problem problems block blocks friend friends individuals state states release releases chief command "
    "sentiment cool replacement vast version view views voice volume wall want wave ways weekend weekends wish "
    "witness worth worker years young"
)
"""Nouns of any conversation: as hashtags they find everything, and so nothing."""
