"""A hub on this machine: repositories are folders, every request is written down."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REVISIONS = {"main", "v1", COMMIT}
API = re.compile(r"/api/(models|datasets)/(.+?)(?:/(revision|tree|paths-info)/([^/]+)(?:/(.*))?)?")
RESOLVE = re.compile(r"/(datasets/)?(.+?)/resolve/([^/]+)/(.+)")


class Hub(ThreadingHTTPServer):
    """Serves `repositories`, which maps an id to a folder; data sets are named `datasets/owner/name`."""

    daemon_threads = True

    def __init__(self, repositories: Mapping[str, Path], answers: "type[Answers] | None" = None) -> None:
        super().__init__(("127.0.0.1", 0), answers or Answers)
        self.repositories = dict(repositories)
        self.failing: set[str] = set()  # ids that the hub stumbles over
        self.requests: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def files_sent(self) -> list[str]:
        """Return the names of the files that were fetched, in order of name."""
        found = [RESOLVE.fullmatch(r.removeprefix("GET ")) for r in self.requests if r.startswith("GET ")]
        return sorted(match[4] for match in found if match)


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes = b"") -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append(f"{self.command} {path}")
        if path == "/":
            self._send(b"ok")
        elif match := API.fullmatch(path):
            self._answer_api(match, body)
        elif match := RESOLVE.fullmatch(path):
            self._send_file((match[1] or "") + match[2], match[3], match[4])
        else:
            self._refuse("EntryNotFound")

    def _answer_api(self, match: re.Match[str], body: bytes) -> None:
        name = ("datasets/" if match[1] == "datasets" else "") + match[2]
        if name in self.server.failing:
            self._send(b"{}", status=500)
            return
        folder = self.server.repositories.get(name)
        if folder is None or (match[4] or "main") not in REVISIONS:
            self._refuse("RevisionNotFound" if folder else "RepoNotFound")
            return
        files = {str(f.relative_to(folder)): f for f in sorted(folder.rglob("*")) if f.is_file()}
        tree = [
            {"type": "file", "path": path, "size": file.stat().st_size, "oid": _etag(file)}
            for path, file in files.items()
        ]
        if match[3] == "tree":
            self._send_json(tree)
        elif match[3] == "paths-info":
            asked = json.loads(body)["paths"]
            self._send_json([entry for entry in tree if entry["path"] in asked])
        else:
            siblings = [{"rfilename": path} for path in files]
            self._send_json({"id": match[2], "sha": COMMIT, "siblings": siblings, **self.described(name)})

    def described(self, name: str) -> dict[str, Any]:
        """Return what else is told of a repository."""
        return {}

    def _send_file(self, name: str, revision: str, path: str) -> None:
        folder = self.server.repositories.get(name)
        file = folder / path if folder and revision in REVISIONS else None
        if file is None or not file.is_file():
            self._refuse("EntryNotFound" if folder else "RepoNotFound")
            return
        self._send(file.read_bytes(), {"ETag": f'"{_etag(file)}"', "X-Repo-Commit": COMMIT})

    def _send_json(self, content: object) -> None:
        self._send(json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _refuse(self, code: str) -> None:
        self._send(b"{}", {"X-Error-Code": code}, status=404)

    def _send(self, content: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _etag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


@contextmanager
def serving(repositories: Mapping[str, Path]) -> Iterator[Hub]:
    """Serve the repositories while the block runs; afterwards nobody listens there."""
    with answering(hub := Hub(repositories)):
        yield hub


@contextmanager
def answering(hub: Hub) -> Iterator[None]:
    """Let a hub answer while the block runs."""
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
