"""A server that answers as the Hugging Face hub does: revisions, hashes, ranges; it can be told to break off."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


class HubServer(ThreadingHTTPServer):
    """`repositories`: repository → revision → file → content. `break_after` bytes of a file the connection ends, once.

    While `flows` is not set, a file's content waits.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.repositories: dict[str, dict[str, dict[str, bytes]]] = {}
        self.corrupt: set[str] = set()
        self.break_after: dict[str, int] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.flows = threading.Event()
        self.flows.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def serving(self) -> Iterator[HubServer]:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path, self.headers.get("Range", "")))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._tell("/".join(parts[2:4]), parts[4:])
        elif len(parts) > 4 and parts[2] == "resolve":
            self._send("/".join(parts[:2]), parts[3], "/".join(parts[4:]), body=body)
        else:
            self._reply(200, b"")

    def _files(self, repository: str, revision: str) -> dict[str, bytes] | None:
        revisions = self.server.repositories.get(repository)
        if revisions is None:
            self._reply(404, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"})
            return None
        if revision == COMMIT:
            return {name: content for files in revisions.values() for name, content in files.items()}
        if revision not in revisions:
            self._reply(404, b'{"error": "Invalid rev id"}', {"X-Error-Code": "RevisionNotFound"})
            return None
        return revisions[revision]

    def _tell(self, repository: str, rest: list[str]) -> None:
        if rest == ["refs"]:
            names = self.server.repositories[repository]
            branches = [{"name": name, "ref": f"refs/heads/{name}", "targetCommit": COMMIT} for name in names]
            self._reply(200, json.dumps({"branches": branches, "converts": [], "tags": []}).encode())
            return
        files = self._files(repository, rest[1] if len(rest) > 1 else "main")
        if files is None:
            return
        if rest and rest[0] == "tree":
            entries = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in files.items()
            ]
            self._reply(200, json.dumps(entries).encode())
            return
        siblings = []
        for name, content in files.items():
            about = {"rfilename": name, "size": len(content), "blobId": hashlib.sha1(content).hexdigest()}
            lfs = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
            siblings.append(about | ({"lfs": lfs} if name.endswith((".safetensors", ".gguf")) else {}))
        self._reply(200, json.dumps({"id": repository, "sha": COMMIT, "siblings": siblings}).encode())

    def _send(self, repository: str, revision: str, name: str, *, body: bool) -> None:
        files = self._files(repository, revision)
        if files is None:
            return
        if name not in files:
            self._reply(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = files[name]
        tag = hashlib.sha256(content).hexdigest()
        if name in self.server.corrupt:
            content = bytes(len(content))
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0] or 0)
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        end = self.server.break_after.pop(name, None) if body else None
        if body and self.command != "HEAD":
            self.server.flows.wait(60)
        self._reply(206 if start else 200, content[start:], headers, body=body, end=end)

    def _reply(
        self, status: int, content: bytes, headers: dict[str, str] | None = None, *, body: bool = True, end: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(content[:end])
            if end is not None:
                self.close_connection = True

    def log_message(self, *_: object) -> None: ...
