"""A recording of two languages: English word lists apply to its English part, whatever the main language."""

from __future__ import annotations

import msgspec

from streams.study.assemble import NOT_ENGLISH_NOTE, build_intelligence
from streams.study.transcript_text import TranscriptText, read_transcript
from tests.support.transcript_factory import ORBIT, material, transcript

GERMAN = (
    "Die Genehmigung der Stadt Bremen gilt für alle Gärten am Fluss und die Wiesen dahinter.",
    "Frau Petersen von der Stadt hat die Genehmigung im März erteilt, und alle waren froh.",
    "Die Genehmigung der Stadt endet, wenn der Garten nicht mehr gepflegt wird.",
)


def two_languages(recording: str) -> TranscriptText:
    text = transcript([*ORBIT, *GERMAN], language=recording)
    segments = [
        msgspec.structs.replace(one, language="en" if at < len(ORBIT) else "de") for at, one in enumerate(text.segments)
    ]
    return read_transcript(msgspec.structs.replace(text, segments=segments))


async def test_the_english_of_a_recording_has_topics_names_and_quotes() -> None:
    for recording in ("en", "de"):
        heard = two_languages(recording)
        border_ms = heard.lines[len(ORBIT)].start_ms
        made = build_intelligence(await material(heard))
        assert {"rocket", "engine"} & {topic.name.lower() for topic in made.topics}
        assert "Elena Markova" in {entity.name for entity in made.entities}
        mentions = [quote for one in (*made.topics, *made.entities) for quote in one.mentions]
        felt = [mood.quote for mood in made.sentiment]
        quoted = [point.quote for point in made.quotes]
        assert all(quote.end_ms <= border_ms for quote in (*mentions, *felt, *quoted))
        assert made.notes == [NOT_ENGLISH_NOTE]
