"""A thin HTTP client of the public API; every failure becomes a `CliError` with one line."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from cli.exit_codes import CliError, ExitCode
from schemas.validation.json_errors import halves
from schemas.version import USER_AGENT

JSON = dict[str, Any]
CHUNK_BYTES = 1 << 20
TRIES = 4
RETRY_STATUS = frozenset({429, 502, 503, 504})
Sleep = Callable[[float], None]


class ApiRefused(CliError):
    """The API answered with a problem document; ``slug`` is its code (``not-found``, ``invalid`` …)."""

    def __init__(self, status: int, slug: str, line: str) -> None:
        """``status`` is the HTTP status."""
        super().__init__(ExitCode.REFUSED if status < 500 else ExitCode.STACK_UNAVAILABLE, line)
        self.status = status
        self.slug = slug


class SignatureRefused(CliError):
    """Object storage refused a signed URL, most likely because it has expired."""


def problem_line(status: int, body: bytes) -> tuple[str, str]:
    """Code and text of a problem document; several wrong fields get a line each.

    An answer that is no problem document has an empty code."""
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return "", f"The API answered {status} without saying why."
    title = str(problem.get("title") or f"The API answered {status}").rstrip(".")
    detail = str(problem.get("detail") or "").strip()
    errors = problem.get("errors") or []
    fields = [f"{_field(error)}: {error.get('detail', '')}" for error in errors]
    if len(fields) > 1:
        return str(problem.get("code") or ""), "\n".join([f"{title}:", *(f"  {field}" for field in fields)])
    repeated = any(detail.rstrip(".").endswith(str(error.get("detail") or "\0").rstrip(".")) for error in errors)
    text = "; ".join(part for part in ["" if repeated else detail, *fields] if part)
    code = str(problem.get("code") or "")
    if code == "not-found" and text:
        return code, text  # the detail names what is missing: the title would repeat it
    return code, f"{title}: {text}" if text else f"{title}."


def _field(error: Mapping[str, Any]) -> str:
    """``/options/max_clips`` as ``options.max_clips``."""
    return str(error.get("pointer", "")).strip("/?{}").replace("/", ".") or "the body"


def _check_text(path: str, request: Mapping[str, Any]) -> None:
    """Raise CliError for bytes of the command line that are not UTF-8: JSON cannot carry them."""
    parts = {"path": path, **(request.get("json") or {}), **(request.get("params") or {})}
    pointers = [".".join(map(str, path_parts)) for path_parts in halves(parts)]
    if pointers:
        advice = "it holds bytes that are not UTF-8. Type it again, or set a UTF-8 locale."
        raise CliError(ExitCode.USAGE, f"{', '.join(pointers)}: {advice}")


class Client:
    """Calls ``api_url`` as the bearer of ``api_key``; close it after use."""

    def __init__(
        self,
        api_url: str,
        api_key: str,
        *,
        sleep: Sleep,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """``sleep`` waits between tries; ``transport`` replaces the network in tests."""
        self.api_url = api_url.rstrip("/")
        self.sleep = sleep
        self._transport = transport
        timeout = httpx2.Timeout(30.0, connect=5.0)
        self._http = httpx2.Client(
            base_url=self.api_url,
            headers={"Authorization": f"Bearer {api_key}", "User-Agent": USER_AGENT},
            timeout=timeout,
            transport=transport,
            trust_env=False,
        )
        # Signed URLs carry their own permission; the API key must not travel to object storage.
        self._plain = httpx2.Client(timeout=httpx2.Timeout(300.0, connect=5.0), transport=transport, trust_env=False)

    def with_bearer(self, token: str) -> Client:
        """A client of the same API as somebody else; close it, too."""
        return Client(self.api_url, token, sleep=self.sleep, transport=self._transport)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._plain.close()

    def get(self, path: str, **query: Any) -> JSON:
        """A JSON resource; parameters that are None are left out."""
        answer = self._send("GET", path, params={name: value for name, value in query.items() if value is not None})
        return msgspec.json.decode(answer.content, type=dict[str, Any])

    def get_bytes(self, path: str, **query: Any) -> bytes:
        """A resource as it is sent."""
        return self.get_file(path, **query)[0]

    def get_file(self, path: str, **query: Any) -> tuple[bytes, Mapping[str, str]]:
        """A resource as it is sent, with its headers; parameters that are None are left out."""
        answer = self._send("GET", path, params={name: value for name, value in query.items() if value is not None})
        return answer.content, answer.headers

    def patch(self, path: str, body: Mapping[str, Any], etag: str) -> JSON:
        """PATCH a resource if it still has the ``etag``; safe to try again.

        The condition keeps a change that somebody made meanwhile from being overwritten."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": etag}
        return msgspec.json.decode(self._send("PATCH", path, json=dict(body), headers=headers).content, type=JSON)

    def correct(self, path: str, body: Mapping[str, Any]) -> JSON:
        """PATCH a resource whose version is in the body; safe to try again."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return msgspec.json.decode(self._send("PATCH", path, json=dict(body), headers=headers).content, type=JSON)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> JSON:
        """POST with an Idempotency-Key (a fresh one by default), so that trying again is safe."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        answer = self._send("POST", path, json=dict(body or {}), headers=headers)
        return msgspec.json.decode(answer.content, type=dict[str, Any]) if answer.content else {}

    def ask(self, path: str, body: Mapping[str, Any], **query: Any) -> httpx2.Response:
        """POST with an Idempotency-Key; gives the answer as it is, which may be no JSON."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._send("POST", path, json=dict(body), params=query, headers=headers)

    def delete(self, path: str) -> None:
        """DELETE a resource."""
        self._send("DELETE", path)

    def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        _check_text(path, request)
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                answer = self._http.request(method, path, **request)
            except httpx2.TransportError as error:
                if not tries_left:
                    raise self.silent_api_error(error) from None
                self.sleep(1.0)
                continue
            if answer.status_code in RETRY_STATUS and tries_left:
                self.sleep(retry_after_s(answer.headers))
                continue
            if answer.status_code >= 400:
                raise self.refusal_of(answer)
            return answer
        raise AssertionError("unreachable")

    def silent_api_error(self, error: httpx2.TransportError) -> CliError:
        """The error of an API that does not answer."""
        return CliError(
            ExitCode.STACK_UNAVAILABLE,
            f"The API at {self.api_url} does not answer ({_error_text(error)}): "
            "see `clipstream status`, or `clipstream up`.",
        )

    @staticmethod
    def refusal_of(answer: httpx2.Response) -> ApiRefused:
        """The error of a problem document (its body must have been read)."""
        slug, line = problem_line(answer.status_code, answer.content)
        return ApiRefused(answer.status_code, slug, line)

    @contextmanager
    def events(self, path: str, last_event_id: str) -> Iterator[Iterator[httpx2.ServerSentEvent]]:
        """An open stream of server-sent events after ``last_event_id``; empty once it ended (204).

        Raises httpx2.TransportError when the connection breaks: reconnect with the last id.
        """
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        timeout = httpx2.Timeout(45.0, connect=5.0)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise self.refusal_of(answer)
            yield iter(()) if answer.status_code == 204 else iter(httpx2.EventSource(answer))

    def put_signed(self, url: str, body: Callable[[], Iterator[bytes]], headers: Mapping[str, str]) -> str:
        """PUT to a signed URL, trying again from the start when it breaks; returns the ETag.

        ``headers`` must hold Content-Length: object storage takes no chunked bodies. Raises SignatureRefused where a
        new URL may do.
        """
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                answer = self._plain.put(url, content=body(), headers=dict(headers))
            except httpx2.TransportError as error:
                if not tries_left:
                    raise CliError(
                        ExitCode.STACK_UNAVAILABLE, f"Object storage does not answer: {_error_text(error)}."
                    ) from None
                self.sleep(1.0)
                continue
            if answer.status_code < 300:
                return str(answer.headers.get("etag", "")).strip('"')
            if answer.status_code == 403:
                raise SignatureRefused(ExitCode.STACK_UNAVAILABLE, "Object storage refused the signed URL (403).")
            if answer.status_code < 500 or not tries_left:
                raise CliError(ExitCode.STACK_UNAVAILABLE, f"Object storage refused the upload ({answer.status_code}).")
            self.sleep(1.0)
        raise AssertionError("unreachable")

    def size(self, path: str) -> int:
        """Bytes that GET would answer; 0 if the API does not say, or refuses (GET then gives the reason)."""
        try:
            return int(self._send("HEAD", path).headers.get("content-length", 0))
        except ApiRefused:
            return 0

    def fetch(self, path: str, target: Path, on_bytes: Callable[[int], None]) -> int:
        """Fetch a resource of the API to ``target`` (whole or not at all); returns its size."""
        return self._stream(self._http, path, target, on_bytes)

    def download(self, url: str, path: Path, on_bytes: Callable[[int], None]) -> int:
        """Fetch a signed URL to ``path`` (whole or not at all); returns its size."""
        return self._stream(self._plain, url, path, on_bytes)

    def _stream(self, http: httpx2.Client, url: str, path: Path, on_bytes: Callable[[int], None]) -> int:
        partial, counter = path.with_name(path.name + ".part"), Rewinding(on_bytes)
        try:
            for tries_left in range(TRIES - 1, -1, -1):
                counter.begin()
                try:
                    with http.stream("GET", url) as answer:
                        if answer.status_code < 400:
                            size = _write(partial, answer.iter_bytes(CHUNK_BYTES), counter.add)
                            partial.replace(path)
                            return size
                        if answer.status_code not in RETRY_STATUS or not tries_left:
                            raise self._not_fetched(http, answer, path)
                        pause_s = retry_after_s(answer.headers)
                except httpx2.TransportError as error:
                    if not tries_left:
                        line = f"{path.name} could not be fetched: {_error_text(error)}."
                        raise CliError(ExitCode.STACK_UNAVAILABLE, line) from None
                    pause_s = 1.0
                self.sleep(pause_s)
        finally:
            partial.unlink(missing_ok=True)
        raise AssertionError("unreachable")

    def _not_fetched(self, http: httpx2.Client, answer: httpx2.Response, path: Path) -> CliError:
        if http is self._plain:
            return CliError(ExitCode.REFUSED, f"{path.name} could not be fetched ({answer.status_code}).")
        answer.read()
        return self.refusal_of(answer)


class Rewinding:
    """Passes byte counts on; a new try first takes back the count of the broken one."""

    def __init__(self, on_bytes: Callable[[int], None]) -> None:
        """Report to ``on_bytes``."""
        self._on_bytes = on_bytes
        self._counted = 0

    def begin(self) -> None:
        """A try begins."""
        if self._counted:
            self._on_bytes(-self._counted)
        self._counted = 0

    def add(self, count: int) -> None:
        """``count`` bytes more."""
        self._counted += count
        self._on_bytes(count)


def _write(path: Path, chunks: Iterator[bytes], on_bytes: Callable[[int], None]) -> int:
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            size += len(chunk)
            on_bytes(len(chunk))
    return size


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds to wait by ``Retry-After`` (at most 30), else 1."""
    value = headers.get("retry-after", "")
    return min(30.0, float(value)) if value.isascii() and value.isdigit() else 1.0


def _error_text(error: Exception) -> str:
    return str(error) or type(error).__name__
