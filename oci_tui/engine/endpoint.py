"""HTTP to an OpenAI-compatible server: JSON in and out, streams of events, and every failure as one clear line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx2
import msgspec

from oci_tui.core.errors import EngineError
from oci_tui.core.terminal import visible_line

KEY_VARIABLE = "OCI_API_KEY"
_CONNECT_S = 5.0
_TRIES = 4
_LONGEST_PAUSE_S = 30.0
_BUSY = (429, 502, 503, 504)


class RefusedError(EngineError):
    """The server answered with an error; `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


class Endpoint:
    """One server. `url` ends where its API begins (…/v1); the key comes from the environment and is in no message.

    A request is sent again, after a pause that doubles from `pause_s`, only while nothing of it can have been served: the
    server was not reached, or said that it is busy. Raises EngineError.
    """

    def __init__(self, url: str, patience_s: float, pause_s: float = 0.5) -> None:
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise EngineError(f"engine.url: {url!r} is no address: {error}; expected http://HOST:PORT/v1") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise EngineError(f"engine.url: {url!r} is no address of a server; expected http://HOST:PORT/v1")
        if parsed.userinfo or parsed.query or parsed.fragment:
            raise EngineError(f"engine.url: a name or key in the address would be shown; put the key in {KEY_VARIABLE}")
        self._key = os.environ.get(KEY_VARIABLE, "")
        self._patience_s, self._pause_s = patience_s, pause_s
        self.url = url.rstrip("/")
        self.host = parsed.host
        self.local = parsed.host in ("localhost", "127.0.0.1", "::1")
        self.encrypted = parsed.scheme == "https"
        try:
            self._client = httpx2.AsyncClient(
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=httpx2.Timeout(patience_s, connect=_CONNECT_S),
                trust_env=not self.local,
            )
        except (ValueError, UnicodeEncodeError) as error:
            raise EngineError(f"{KEY_VARIABLE}: a key is plain ASCII text without line breaks") from error

    async def ask(self, path: str, content: object = None, *, tries: int = _TRIES) -> Any:
        """The JSON that `path` answers: relative to `url`, or to its root with a leading "/". POST when there is `content`."""
        response = await self._open(path, content, tries)
        try:
            return msgspec.json.decode(await response.aread())
        except msgspec.DecodeError as error:
            raise EngineError(f"{self.url}: answers {path} with something that is not JSON; correct engine.url") from error
        except httpx2.HTTPError as error:
            raise self._lost(error) from error
        finally:
            await response.aclose()

    async def stream(self, path: str, content: object) -> AsyncGenerator[dict[str, Any]]:
        """The events that `path` streams, to the one that says it is done. Closing it closes the connection."""
        response = await self._open(path, content, _TRIES)
        try:
            async with aclosing(httpx2.EventSource(response).__aiter__()) as events:  # type: ignore[type-var]
                async for event in events:
                    if event.data == "[DONE]":
                        return
                    said = msgspec.json.decode(event.data or "{}", type=dict[str, Any])
                    if "error" in said:
                        raise EngineError(f"{self.url}: ended the reply: {self._safe(_message(said))}")
                    yield said
        except httpx2.SSEError as error:
            raise EngineError(f"{self.url}: does not stream its reply; use another server") from error
        except msgspec.DecodeError as error:
            raise EngineError(f"{self.url}: streams what is not JSON; use another server") from error
        except httpx2.HTTPError as error:
            raise self._lost(error) from error
        finally:
            await response.aclose()

    async def close(self) -> None:
        await self._client.aclose()

    async def _open(self, path: str, content: object, tries: int) -> httpx2.Response:
        """A response whose status is good, its body unread."""
        pause_s = self._pause_s
        for left in range(tries - 1, -1, -1):
            wait_s = pause_s
            try:
                response = await self._client.send(self._request(path, content), stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                if not left:
                    raise self._unreached(error) from error
            except httpx2.HTTPError as error:
                raise self._lost(error) from error
            else:
                if response.is_success:
                    return response
                refused = await self._refused(response)
                if not left or response.status_code not in _BUSY:
                    raise refused
                wait_s = _asked_pause(response) or pause_s
                if wait_s > _LONGEST_PAUSE_S:
                    raise refused
            await asyncio.sleep(wait_s)
            pause_s *= 2
        raise AssertionError("the last try returns or raises")

    def _request(self, path: str, content: object) -> httpx2.Request:
        root = self.url.removesuffix("/v1")
        where = f"{root}{path}" if path.startswith("/") else f"{self.url}/{path}"
        if content is None:
            return self._client.build_request("GET", where)
        headers = {"Content-Type": "application/json"}
        return self._client.build_request("POST", where, content=msgspec.json.encode(content), headers=headers)

    async def _refused(self, response: httpx2.Response) -> RefusedError:
        try:
            body = await response.aread()
        except httpx2.HTTPError:
            body = b""
        finally:
            await response.aclose()
        status = response.status_code
        said = self._safe(_message(body))
        advice = {
            401: f"the key in {KEY_VARIABLE} is not valid" if self._key else f"it wants a key; set {KEY_VARIABLE}",
            403: f"this is not allowed with the key in {KEY_VARIABLE}" if self._key else f"it wants a key; set {KEY_VARIABLE}",
            404: "nothing there has this name; see engine.model, and that engine.url ends in /v1",
            429: "too many requests; wait, or ask the server's owner for a higher limit",
        }.get(status, "see the server's log" if status >= 500 else "the server refuses the request")
        if response.is_redirect:
            advice = f"it leads elsewhere, where the key is not sent; set engine.url to {response.headers.get('Location', '')}"
        return RefusedError(f"{self.url}: {status}: {self._safe(advice)}{f' (it says: {said})' if said else ''}", status)

    def _unreached(self, error: Exception) -> EngineError:
        if isinstance(error, httpx2.ConnectTimeout):
            return EngineError(f"{self.url}: cannot be reached within {_CONNECT_S:.0f} s; see engine.url and the network")
        return EngineError(
            f"{self.url}: cannot be reached ({self._safe(str(error))}); start the server there, or correct engine.url"
        )

    def _lost(self, error: Exception) -> EngineError:
        if isinstance(error, httpx2.TimeoutException):
            return EngineError(
                f"{self.url}: said nothing for {self._patience_s:g} s; raise engine.timeout_s, or see what holds the server up"
            )
        reason = self._safe(str(error)) or type(error).__name__
        return EngineError(f"{self.url}: the connection broke ({reason}); see the server's log, then ask again")

    def _safe(self, text: str) -> str:
        """One short harmless line, in which the key cannot be read."""
        hidden = text.replace(self._key, "…") if self._key else text
        return visible_line(" ".join(hidden.split()))[:300]


def _asked_pause(response: httpx2.Response) -> float:
    """The seconds that a busy server asks to wait; 0 when it does not say."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0


def _message(body: bytes | dict[str, Any]) -> str:
    """What an error answer says, in any of the forms in use."""
    if isinstance(body, bytes):
        try:
            decoded = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return "" if b"<html" in body[:1000].lower() else body[:1000].decode("utf-8", "replace")
        if not isinstance(decoded, dict):
            return str(decoded)
        body = decoded
    error = body.get("error", body.get("detail", body.get("message", "")))
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)
