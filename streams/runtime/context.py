"""The context of a stage: settings, directories, and ports that open at their first use."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TypedDict, Unpack
from uuid import UUID

import msgspec

from core.infra.http.client import OutsideHttp
from core.infra.kafka.access import kafka_access
from core.infra.kafka.topic_reader import KafkaLog
from core.infra.llm import OpenAiChat
from core.infra.postgres.connection import Pool
from core.infra.s3.object_store import open_objects
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.embeddings import TritonSentences, TritonVoices
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from core.infra.triton.names import TritonNames
from core.infra.triton.speech import TritonSpeech
from core.media.range_cache import SourceCache
from core.ports.models import Alignment, Chat, Faces, Landmarks, Names, Sentences, Speech, Voices
from core.ports.outside import Outside
from core.ports.stores import EventLog, Objects
from core.settings import Settings
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.source import SourceIndex


class GivenPorts(TypedDict, total=False):
    """Ports that a test opens itself; the others are opened by `Context` as in production."""

    objects: Objects
    outside: Outside
    speech: Speech
    faces: Faces
    landmarks: Landmarks
    alignment: Alignment
    voices: Voices
    sentences: Sentences
    names: Names | None
    chat: Chat | None
    judge: Chat | None
    log: EventLog


class StageContext:
    """Ports and directories of one worker. A port is opened at its first use and closed with the context."""

    def __init__(self, *, settings: Settings, stage: str, pool: Pool, **ports: Unpack[GivenPorts]) -> None:
        """``pool`` is the worker role's. The caller closes the ports that it gives."""
        self.settings = settings
        self.stage = stage
        self.pool = pool
        self._work_dir = Path(settings.work_dir).absolute() / stage
        self._opened = AsyncExitStack()
        vars(self).update(ports)  # a cached_property looks here first

    @cached_property
    def objects(self) -> Objects:
        """The object store."""
        objects = open_objects(self.settings)
        self._opened.callback(objects.close)
        return objects

    @cached_property
    def outside(self) -> Outside:
        """HTTP to public addresses."""
        outside = OutsideHttp(allow=self.settings.fetch_allow, plain_posts=self.settings.webhook_http)
        self._opened.push_async_callback(outside.close)
        return outside

    @cached_property
    def speech(self) -> Speech:
        """Speech recognition."""
        settings = self.settings
        speech = TritonSpeech(settings.triton, model=settings.whisper_model, mode=settings.whisper_mode)
        self._opened.push_async_callback(speech.close)
        return speech

    @cached_property
    def faces(self) -> Faces:
        """Face detection."""
        faces = TritonFaces(self.settings.triton)
        self._opened.push_async_callback(faces.close)
        return faces

    @cached_property
    def landmarks(self) -> Landmarks:
        """Points of faces, and persons."""
        landmarks = TritonLandmarks(self.settings.triton)
        self._opened.push_async_callback(landmarks.close)
        return landmarks

    @cached_property
    def alignment(self) -> Alignment:
        """Times of known words."""
        alignment = TritonAlignment(self.settings.triton)
        self._opened.push_async_callback(alignment.close)
        return alignment

    @cached_property
    def voices(self) -> Voices:
        """Voice embeddings."""
        voices = TritonVoices(self.settings.triton)
        self._opened.push_async_callback(voices.close)
        return voices

    @cached_property
    def sentences(self) -> Sentences:
        """Sentence embeddings."""
        sentences = TritonSentences(self.settings.triton)
        self._opened.push_async_callback(sentences.close)
        return sentences

    @cached_property
    def names(self) -> Names | None:
        """Recognition of names; None where no model is configured."""
        if not self.settings.names_model:
            return None
        names = TritonNames(self.settings.triton, self.settings.names_model)
        self._opened.push_async_callback(names.close)
        return names

    @cached_property
    def chat(self) -> Chat | None:
        """The model that writes what a project is about; None where none is configured."""
        return self._open_chat(self.settings.writer.output_tokens) if self.settings.writer.url else None

    @cached_property
    def judge(self) -> Chat | None:
        """The same model, asked to compare the finalists; None where that is not configured."""
        return self._open_chat(self.settings.judge.output_tokens) if self.settings.judge.mode == "on" else None

    def _open_chat(self, most_tokens: int) -> Chat:
        writer = self.settings.writer
        chat = OpenAiChat(
            url=writer.url, model=writer.model, key=writer.key, timeout_s=writer.timeout_s, most_tokens=most_tokens
        )
        self._opened.push_async_callback(chat.close)
        return chat

    @cached_property
    def log(self) -> EventLog:
        """Reader of the events that topics retain, for replays."""
        return KafkaLog(kafka_access(self.settings))

    @cached_property
    def cache(self) -> SourceCache:
        """Blocks of originals on this worker's disk."""
        cache = SourceCache(self.objects, self._work_dir / "cache", self.settings.cache_bytes)
        self._opened.callback(cache.close)
        return cache

    async def close(self) -> None:
        """Close the ports that were opened here, the last one first."""
        await self._opened.aclose()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory for one piece of work, removed at its end."""
        root = self._work_dir / "scratch"
        root.mkdir(parents=True, exist_ok=True)
        path = Path(mkdtemp(dir=root))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def persistent_dir(self, name: str) -> Path:
        """A directory that outlives a killed worker. The stage that uses it bounds its size."""
        return self._work_dir / name

    def remove_leftovers(self) -> None:
        """Remove scratch and cached blocks that a killed predecessor left in this worker's directory."""
        for name in ("scratch", "cache"):
            shutil.rmtree(self._work_dir / name, ignore_errors=True)

    async def index(self, ref: ObjectRef) -> SourceIndex:
        """The index of an original."""
        return msgspec.msgpack.decode(await self.objects.get(ref), type=SourceIndex)


def prefix_of(event: events.Event, kind: str, result: UUID | str) -> str:
    """Prefix of a result's objects: ``<org>/<project>/<kind>/<result id>``."""
    return f"{event.org_id}/{event.project_id}/{kind}/{result}"


@asynccontextmanager
async def open_context(settings: Settings, stage: str, pool: Pool) -> AsyncIterator[StageContext]:
    """The context of one worker, for as long as the block lasts."""
    context = StageContext(settings=settings, stage=stage, pool=pool)
    context.remove_leftovers()
    try:
        yield context
    finally:
        await context.close()
