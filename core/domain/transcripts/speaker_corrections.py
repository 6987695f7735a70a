"""Applies a person's corrections of speakers to a transcript; texts and times of words stay. Pure.

Speakers are named, two are joined, what one says becomes another's: words, segments and turns go together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from core.domain.subtitles.cues import clean
from core.domain.time_ranges import merge_intervals
from core.domain.transcripts.corrections import BadEditError
from core.domain.transcripts.speaker_operations import (
    Merge,
    Rename,
    SpeakerChange,
    SpeakerEdit,
    SplitSpeaker,
    Stretch,
    WordRun,
)
from core.domain.transcripts.speaker_turns import Place, cut, joined_turns, middles_ms, numbered, split_by_speaker
from schemas.documents.diarization import Diarization, Speaker, Turn
from schemas.documents.transcript import Transcript
from schemas.quantities import exactly, format_quantity, spoken_range


def correct_speakers(
    transcript: Transcript, edits: Sequence[SpeakerEdit], version: int
) -> tuple[Transcript, list[SpeakerChange]]:
    """The transcript after all edits in order, and the change of each.

    ``ranges`` and ``words`` are places of the transcript as it was: no edit moves them. Raises BadEditError.
    """
    draft = _Draft(transcript)
    changes = [draft.edit(at, edit) for at, edit in enumerate(edits)]
    return draft.finished(version), changes


class _Draft:
    """A transcript's speakers while they are changed: whose each word is, turns, and who there is."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        diarization = transcript.diarization or Diarization(speakers=[], turns=[], overlaps=[], model="person")
        self._diarization = diarization
        self._owners = [word.speaker for word in transcript.words]
        self._middles = middles_ms(transcript.words)
        self._turns = list(diarization.turns)
        self._speakers = {speaker.id: speaker for speaker in diarization.speakers}
        self._highest = max(diarization.highest, *map(numbered, self._speakers), 0)
        self._at = 0

    def edit(self, at: int, edit: SpeakerEdit) -> SpeakerChange:
        """Make one edit; ``at`` is its place in the list, for errors."""
        self._at = at
        match edit:
            case Rename():
                return self._rename(edit)
            case Merge():
                return self._merge(edit)
            case SplitSpeaker():
                return self._split(edit)

    def _refused(self, detail: str, field: str = "") -> BadEditError:
        return BadEditError(self._at, detail, field)

    def _find_speaker(self, speaker: str) -> Speaker:
        if speaker not in self._speakers:
            raise self._refused(f"There is no speaker {speaker}.")
        return self._speakers[speaker]

    def _with_name(self, speaker: Speaker, name: str) -> Speaker:
        plain = clean(name)
        peer_names = [(peer.name or "").casefold() for peer in self._speakers.values() if peer.id != speaker.id]
        if plain and plain.casefold() in peer_names:
            raise self._refused(f"Another speaker is called {plain}: merge the two, or tell them apart by name.")
        by: Literal["person"] | None = "person" if plain else None
        return msgspec.structs.replace(speaker, name=plain or None, named_by=by, evidence=None)

    def _rename(self, edit: Rename) -> SpeakerChange:
        speaker = self._find_speaker(edit.speaker)
        self._speakers[speaker.id] = self._with_name(speaker, edit.name)
        after = self._speakers[speaker.id].name or ""
        return SpeakerChange(
            op="rename",
            speaker=speaker.id,
            before=speaker.name or "",
            after=after,
            names={speaker.id: speaker.name} if speaker.name else {},
        )

    def _merge(self, edit: Merge) -> SpeakerChange:
        gone, into = self._find_speaker(edit.speaker), self._find_speaker(edit.into)
        names = self._names(gone.id, into.id)
        if gone.id == into.id:
            raise self._refused("A speaker cannot be merged into themselves.")
        words = [at for at, owner in enumerate(self._owners) if owner == gone.id]
        mine = [turn for turn in self._turns if turn.speaker == gone.id]
        self._assign(words, into.id)
        theirs = [turn for turn in self._turns if turn.speaker != gone.id]
        self._turns = joined_turns([*theirs, *(_with_speaker(turn, into.id) for turn in mine)])
        del self._speakers[gone.id]
        name = {field: getattr(into if into.name else gone, field) for field in ("name", "named_by", "evidence")}
        self._speakers[into.id] = msgspec.structs.replace(into, confidence=None, **name)
        return self._move("merge", gone.id, into.id, words, mine, names)

    def _split(self, edit: SplitSpeaker) -> SpeakerChange:
        if bool(edit.ranges) == bool(edit.words):
            raise self._refused("Say either in which `ranges` or at which `words`.")
        if edit.speaker is not None:
            self._find_speaker(edit.speaker)
        called = self._names(*self._speakers)
        to = self._receiver(edit)
        words = self._words_of(edit, to)
        places = merge_intervals(
            self._around(words) if edit.words else ((time.start_ms, time.end_ms) for time in edit.ranges)
        )
        concerned = {to, edit.speaker, *(self._owners[at] for at in words)}
        givers = {self._owners[at] for at in words} if edit.words else {edit.speaker} - {None} or set(self._speakers)
        moved_turns: list[Turn] = []
        left: list[Turn] = []
        for turn in self._turns:
            inside, outside = cut(turn, places, to) if turn.speaker in givers - {to} else ([], [turn])
            moved_turns += inside
            concerned |= {turn.speaker} if inside else set()
            left += outside
        if not words and not moved_turns:
            raise self._refused(f"{edit.speaker or 'No other speaker'} says nothing there.")
        self._assign(words, to)
        self._turns = joined_turns([*left, *moved_turns, *self._unheard(words, [*left, *moved_turns], to)])
        self._forget_confidence([to, *filter(None, givers)])
        names = {speaker: name for speaker, name in called.items() if speaker in concerned}
        return self._move("split", edit.speaker, to, words, moved_turns, names)

    def _receiver(self, edit: SplitSpeaker) -> str:
        """Id of the speaker who gets the words; a new speaker is added. A number is never given twice."""
        if edit.to is not None:
            if edit.name or edit.to == edit.speaker:
                raise self._refused("`to` must be another speaker, and `name` is for a new one.")
            return self._find_speaker(edit.to).id
        self._highest += 1
        speaker = Speaker(id=f"S{self._highest}", speech_ms=0, turns=0)
        self._speakers[speaker.id] = self._with_name(speaker, edit.name) if edit.name else speaker
        return speaker.id

    def _words_of(self, edit: SplitSpeaker, to: str) -> list[int]:
        """Words that change hands."""
        ranges = [self._run_in(time, f"ranges/{number}/end_ms") for number, time in enumerate(edit.ranges)]
        runs = merge_intervals([*map(self._run, edit.words), *ranges])
        indices = (at for first, end in runs for at in range(first, end) if self._owners[at] != to)
        return [at for at in indices if edit.speaker is None or self._owners[at] == edit.speaker]

    def _run(self, run: WordRun) -> Place:
        if not run.first_word < run.end_word <= len(self._owners):
            raise self._refused(f"The transcript has no words {run.first_word} to {run.end_word}.")
        return run.first_word, run.end_word

    def _run_in(self, time: Stretch, field: str) -> Place:
        lasts_ms = self._transcript.duration_ms
        if time.end_ms > lasts_ms:
            possible, requested = spoken_range(0, lasts_ms, "ms"), exactly(time.end_ms, "ms")
            detail = f"The source ends at {format_quantity(lasts_ms, 'ms')}: {possible} is possible, not {requested}."
            raise self._refused(detail, field)
        if time.end_ms <= time.start_ms:
            raise self._refused("`end_ms` must lie behind `start_ms`.", field)
        return bisect_left(self._middles, time.start_ms), bisect_left(self._middles, time.end_ms)

    def _around(self, words: Sequence[int]) -> Iterator[Place]:
        """Time of runs of words, with half of the pauses around each."""
        all_words = self._transcript.words
        for _, run in groupby(enumerate(words), lambda pair: pair[1] - pair[0]):
            members = [at for _, at in run]
            first, last = members[0], members[-1]
            start_ms = (all_words[first - 1].end_ms + all_words[first].start_ms) // 2 if first else 0
            after = last + 1 < len(all_words)
            end_ms = (
                (all_words[last].end_ms + all_words[last + 1].start_ms) // 2 if after else self._transcript.duration_ms
            )
            yield start_ms, max(end_ms, all_words[last].end_ms)

    def _unheard(self, words: Sequence[int], turns: Sequence[Turn], to: str) -> Iterator[Turn]:
        """Turns for words that lie in no turn of their speaker, as where no voice was heard."""
        mine = sorted((turn.start_ms, turn.end_ms) for turn in turns if turn.speaker == to)
        for at in words:
            word = self._transcript.words[at]
            place = bisect_left(mine, (word.end_ms, 0))
            if not place or mine[place - 1][1] <= word.start_ms:
                yield Turn(start_ms=word.start_ms, end_ms=word.end_ms, speaker=to)

    def _assign(self, words: Iterable[int], to: str) -> None:
        for at in words:
            self._owners[at] = to

    def _forget_confidence(self, touched: Iterable[str]) -> None:
        """Remove the confidence of speakers: it says nothing once a person has dealt their words out."""
        for name in self._speakers.keys() & set(touched):
            self._speakers[name] = msgspec.structs.replace(self._speakers[name], confidence=None)

    def _names(self, *speakers: str | None) -> dict[str, str]:
        """Present names of the speakers who have one, by id."""
        present = (self._speakers[speaker_id] for speaker_id in speakers if speaker_id in self._speakers)
        return {speaker.id: speaker.name for speaker in present if speaker.name}

    def _move(
        self,
        op: Literal["merge", "split"],
        speaker: str | None,
        to: str,
        words: Sequence[int],
        turns: Iterable[Turn],
        names: dict[str, str],
    ) -> SpeakerChange:
        """``names``: of all whom the edit concerns, before it."""
        return SpeakerChange(
            op=op,
            speaker=speaker,
            to=to,
            before=names.get(speaker or "", ""),
            after=self._speakers[to].name or "",
            names=names,
            word_count=len(words),
            speech_ms=sum(turn.end_ms - turn.start_ms for turn in turns),
        )

    def finished(self, version: int) -> Transcript:
        """The transcript with these speakers; who says nothing any more is none."""
        transcript = self._transcript
        words = [
            word if word.speaker == owner else msgspec.structs.replace(word, speaker=owner)
            for word, owner in zip(transcript.words, self._owners, strict=True)
        ]
        speaking = {owner for owner in self._owners if owner} | {turn.speaker for turn in self._turns}
        speakers = [
            _counted(speaker, self._turns, len(speaking))
            for speaker in self._speakers.values()
            if speaker.id in speaking
        ]
        diarization = msgspec.structs.replace(
            self._diarization,
            speakers=speakers,
            turns=self._turns,
            overlaps=self._diarization.overlaps if len(speakers) > 1 else [],
            highest=self._highest,
        )
        segments = [
            part for segment in transcript.segments for part in split_by_speaker(segment, words, transcript.language)
        ]
        return msgspec.structs.replace(
            transcript, words=words, segments=segments, diarization=diarization, version=version
        )


def _with_speaker(turn: Turn, to: str) -> Turn:
    return Turn(start_ms=turn.start_ms, end_ms=turn.end_ms, speaker=to)


def _counted(speaker: Speaker, turns: Sequence[Turn], speakers: int) -> Speaker:
    mine = [turn.end_ms - turn.start_ms for turn in turns if turn.speaker == speaker.id]
    confidence = speaker.confidence if speakers > 1 else None
    return msgspec.structs.replace(speaker, speech_ms=sum(mine), turns=len(mine), confidence=confidence)
