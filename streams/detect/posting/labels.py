"""Fitted features in words that a person understands. Data, and one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from streams.detect.posting.posting_features import EXAMPLE_KINDS

LABELS: Mapping[str, str] = {
    "share_self": "words of oneself",
    "share_address": "words to the listener",
    "share_ours": "words of us",
    "share_others": "words of other people",
    "share_referring": "words that point elsewhere (it, this, that)",
    "share_past": "verbs of the past",
    "share_hedges": "hedging words",
    "share_hesitations": "hesitations",
    "share_advice": "words of advice",
    "share_speech_verbs": "reported speech",
    "share_causes": "words of cause",
    "share_superlatives": "words of most, least, all and none",
    "share_feelings": "words of feeling",
    "share_procedure": "words about the recording or meeting itself",
    "share_denying": "words that deny",
    "share_contrast": "words of contrast",
    "share_strong": "strong words",
    "share_people": "words for people of daily life",
    "share_weakness": "words of human weakness",
    "share_values": "words of values",
    "share_together": "words of togetherness",
    "share_numbers": "numbers",
    "share_stop": "words without content",
    "share_long": "long words",
    "word_letters": "length of its words",
    "commas": "commas",
    "variety": "variety of its words",
    "sentence_words": "length of its sentences",
    "longest_sentence": "length of its longest sentence",
    "shortest_sentence": "length of its shortest sentence",
    "sentence_spread": "difference between long and short sentences",
    "tiny_sentences": "one-word answers",
    "questions": "questions",
    "question_answered": "questions that an answer follows",
    "courtesies": "greetings and thanks",
    "same_openings": "sentences that begin alike",
    "opening_filler": "a first word that says nothing",
    "opening_question": "a question at its start",
    "opening_length": "length of its first sentence",
    "opening_leans": "a first word that leans on what came before",
    "opening_points": "first words that point at what came before",
    "opening_address": "the listener addressed at its start",
    "opening_self": "words of oneself at its start",
    "opening_strong": "strong words at its start",
    "closing_length": "length of its last sentence",
    "closing_question": "a question at its end",
    "closing_courtesy": "thanks at its end",
    "closing_strong": "strong words at its end",
    "start_quality": "a start that stands alone",
    "end_quality": "an end that closes its thought",
    "feeling_mean": "feeling",
    "feeling_highest": "praise at its height",
    "feeling_lowest": "distress at its height",
    "feeling_range": "change of feeling",
    "speaker_turns": "changes of speaker",
    "speakers": "number of speakers",
    "main_speaker_share": "share of its main speaker",
    "near_before": "likeness to what came before",
    "near_after": "likeness to what comes after",
    "step": "likeness from sentence to sentence",
    "first_to_last": "likeness of its first sentence to its last",
    "first_to_all": "likeness of its first sentence to all of it",
    "last_to_all": "likeness of its last sentence to all of it",
    "near_video": "likeness to the whole recording",
    **{f"nearest_{kind}": f"a sentence like a typical {kind}" for kind in EXAMPLE_KINDS},
    **{f"mean_{kind}": f"likeness to a typical {kind}" for kind in EXAMPLE_KINDS},
}
"""Feature → what it measures; those that the sub-scores measure themselves (``part_…``) have words of their own."""


FALLING = frozenset({"feeling_lowest"})
"""Features that fall where what they are named after rises."""


def describe_effects(differences: Mapping[str, float]) -> str:
    """Describe features by their difference to an average recording, without a stop."""
    phrases = [
        f"{LABELS[name]} {'above' if (difference >= 0) != (name in FALLING) else 'below'} average"
        for name, difference in differences.items()
    ]
    return "; ".join(phrases)
