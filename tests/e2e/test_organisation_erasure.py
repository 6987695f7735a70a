"""An organisation on the real stack is erased: no store, topic or log shows a word of it, and no secret ever did."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx2
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer

from local.stack import StackInfo, layout_of
from schemas.topics import BY_NAME
from streams.sinks.search.search_documents import SEARCHED_INDEXES
from tests.contract.organisation.rig import forms_of
from tests.e2e.invariants import open_store
from tests.e2e.rig import ROUGH, Api
from tests.support.kafka_login import access_of
from tests.support.mails import mail_text
from tests.support.media.shared_media import media
from tests.support.progress import HANG_S, wait_while_moving
from tests.support.soak import record, volume

PASSWORD = "canary-password-91c5e7d2"
WITH_WORDS = ("uploads.v1", "dead.v1")
"""Topics that hold customers' words until their retention ends (docs/erasure.md)."""
_CODE = re.compile(r"\bcl[mi]_[A-Za-z0-9_-]{43}")
BOUND_S = 600.0
"""What an erasure may take after its grace, with everything that follows it."""


class Person:
    """Somebody who signed in, in an organisation of their own."""

    def __init__(self, stack: StackInfo, api: Api, words: str) -> None:
        self.stack, self.email, self.secrets = stack, f"{words}@example.org", [PASSWORD]
        api.post("/v1/invitations", {"email": self.email, "role": "viewer"})
        code = self._mailed_code()
        body = {"email": self.email, "password": PASSWORD, "name": words, "invitation": code}
        self.http = httpx2.Client(base_url=stack.api, timeout=HANG_S)
        session = self.call("POST", "/v1/auth/register", body)
        self._use(session)
        org_id = self.call("POST", "/v1/organisations", {"name": words})["org_id"]
        self._use(self.call("POST", "/v1/auth/refresh", {"refresh_token": session["refresh_token"], "org_id": org_id}))
        self.org_id = str(org_id)

    def _use(self, session: dict[str, Any]) -> None:
        self.secrets += [session["refresh_token"], session["access_token"].rpartition(".")[2]]
        self.http.headers["Authorization"] = f"Bearer {session['access_token']}"

    def _mailed_code(self) -> str:
        folder = layout_of(self.stack.state_dir).mails

        def code() -> str | None:
            for path in sorted(folder.iterdir(), reverse=True):
                text = mail_text(path)
                if self.email in text and (found := _CODE.search(text)):
                    return found[0]
            return None

        return str(wait_while_moving(code, "the mail of the invitation", every_s=0.2))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code < 400, f"{method} {path} → {answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None


def fill(person: Person, words: str) -> None:
    """Projects from a script and from a recording, and everything around them that takes words."""
    key = person.call("POST", "/v1/keys", {"name": words, "scopes": ["read", "write"]})
    hook = {"url": f"https://{words}.example/hook", "events": ["*"], "description": words}
    endpoint = person.call("POST", "/v1/webhooks/endpoints", hook)
    seed = person.call("POST", "/v1/account/totp", {"password": PASSWORD})
    person.secrets += [key["key"], endpoint["secret"], seed["secret"]]
    person.call("POST", "/v1/brand-kits", {"name": words})
    client = Api(msgspec.structs.replace(person.stack, api_key=key["key"], org_id=person.org_id))
    labels = {"title": words, "metadata": {"note": words}, "tags": [words]}
    script = f"The {words} is a small bird. It sings at dawn. Nobody ever saw the {words} twice."
    options = {"language": "en"} | ROUGH
    made = [client.post("/v1/projects", {"script_text": script, "options": options} | labels, expect=202)["project_id"]]
    path = media("talking/hamilton_whitehouse_10s_360p.mp4")
    for _ in range(volume(0, 3)):
        upload_id = client.upload(path)
        made.append(client.post("/v1/projects", {"upload_id": upload_id, "options": ROUGH} | labels)["project_id"])
    ended = client.wait_all([str(project_id) for project_id in made])
    assert {project["state"] for project in ended.values()} <= {"completed", "failed"}, ended
    assert ended[str(made[0])]["state"] == "completed", ended
    wait_while_moving(
        lambda: client.get("/v1/search", params={"q": words})["segments"], "the words in search", every_s=0.5
    )
    client.http.close()


def stores_with(stack: StackInfo, canary: str) -> dict[str, list[str]]:
    """Store → where in it a string is, in any form."""
    forms = [form.encode() for form in forms_of(canary)]
    places: dict[str, list[str]] = {}
    for store, place, body in _everything(stack):
        if any(form in body for form in forms):
            places.setdefault(store, []).append(place)
    return places


def _everything(stack: StackInfo) -> Iterator[tuple[str, str, bytes]]:
    yield from (("postgres", table, body) for table, body in asyncio.run(_tables(stack)))
    yield from (("kafka", topic, body) for topic, body in asyncio.run(_records(stack)))
    yield from (("analytics", table, body) for table, body in _analytics(stack))
    yield from (("search", index, body) for index, body in _documents(stack))
    store, bucket = open_store(stack)
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            yield "objects", item["Key"], store.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
    for log in layout_of(stack.state_dir).logs.glob("*.log"):
        yield "logs", log.name, log.read_bytes()


async def _tables(stack: StackInfo) -> list[tuple[str, bytes]]:
    passwords = msgspec.json.decode(layout_of(stack.state_dir).secrets.read_bytes())
    dsn = stack.env["CLIPSTREAM_POSTGRES_OWNER"].replace("clipstream_owner", "postgres")
    connection = await asyncpg.connect(dsn.replace(passwords["postgres_owner"], passwords["postgres_superuser"]))
    try:
        names = await connection.fetch("select tablename as name from pg_tables where schemaname = 'public'")
        dumped = []
        for row in names:
            lines = await connection.fetch(f'select t::text from "{row["name"]}" t')
            dumped.append((row["name"], "\n".join(str(line[0]) for line in lines).encode()))
        return dumped
    finally:
        await connection.close()


async def _records(stack: StackInfo) -> list[tuple[str, bytes]]:
    """Every record of every topic, from the beginning to what is its end now."""
    login = access_of(stack, "setup").client_options()
    consumer = AIOKafkaConsumer(*BY_NAME, **login, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        assert {place.topic for place in ends} == BY_NAME.keys()
        read: list[tuple[str, bytes]] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                read += [(place.topic, (record.value or b"") + repr(record.headers).encode()) for record in records]
        return read
    finally:
        await consumer.stop()


def _analytics(stack: StackInfo) -> Iterator[tuple[str, bytes]]:
    url = httpx2.URL(stack.env["CLIPSTREAM_CLICKHOUSE"])
    with httpx2.Client(auth=(url.username, url.password), timeout=HANG_S) as http:

        def ask(sql: str) -> bytes:
            place = f"{url.scheme}://{url.host}:{url.port}/"
            answer = http.post(place, params={"database": url.path.strip("/")}, content=sql.encode())
            assert answer.status_code == 200, answer.text
            return answer.content

        for line in ask(
            "select name from system.tables where database = currentDatabase() format JSONEachRow"
        ).splitlines():
            name = json.loads(line)["name"]
            yield name, ask(f"select * from `{name}` format JSONEachRow")


def _documents(stack: StackInfo) -> Iterator[tuple[str, bytes]]:
    headers = {"Authorization": f"Bearer {stack.env['CLIPSTREAM_MEILISEARCH_KEY']}"}
    with httpx2.Client(base_url=stack.env["CLIPSTREAM_MEILISEARCH"], headers=headers, timeout=HANG_S) as http:
        for index in SEARCHED_INDEXES:
            answer = http.post(f"/indexes/{index}/search", json={"q": "", "limit": 1000})
            assert answer.status_code == 200, answer.text
            yield index, answer.content


@pytest.mark.timeout(1800)
def test_an_erased_organisation_is_in_no_store(stack: StackInfo, api: Api) -> None:
    words = f"canary{secrets.token_hex(5)}"
    person = Person(stack, api, words)
    fill(person, words)
    before = stores_with(stack, words)
    assert {"postgres", "kafka", "analytics", "search", "objects"} <= before.keys(), before.keys()
    person.call("POST", "/v1/organisation/erasure", {"name": words})
    began = time.monotonic()

    def done() -> bool:
        return bool(person.call("GET", "/v1/account/erasures")["items"][0]["state"] == "done")

    wait_while_moving(done, "the erasure", every_s=1.0)
    person.call("DELETE", "/v1/account")

    def left() -> dict[str, list[str]]:
        found = {store: places for store, places in stores_with(stack, words).items() if store != "logs"}
        found["kafka"] = [topic for topic in found.get("kafka", []) if topic not in WITH_WORDS]
        return {store: places for store, places in found.items() if places}

    wait_while_moving(lambda: not left(), "an end of the last words", every_s=5.0)
    assert left() == {}
    took_s = time.monotonic() - began
    assert took_s < BOUND_S
    record(31, f"{words} of an organisation in {len(before)} stores: found in none {took_s:.0f} s after the request")
    for secret in person.secrets:
        assert stores_with(stack, secret) == {}, f"{secret[:8]}…"
    assert stores_with(stack, words).get("logs", []) == []
