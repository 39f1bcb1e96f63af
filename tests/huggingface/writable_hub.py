"""A hub on this machine that takes files; what it does wrong is in the name of the repository.

`alice/status-403` is refused with that status, `alice/list` and `alice/page` are answered as no hub does,
`alice/silent` gets no answer to its commit, of `alice/cut` the first upload is cut off and the first commit refused,
and `alice/changed` holds another byte than was sent.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .fake_hub import COMMIT, Answers, Hub, answering

TOKEN = "hf_" + "aB3" * 12  # of nobody
LARGE = (".skops", ".npz", ".safetensors", ".parquet")
SILENCE = 30.0  # seconds; the client is to give up long before
PREUPLOAD = re.compile(r"/api/models/([^/]+/[^/]+)/preupload/main")
COMMITS = re.compile(r"/api/models/([^/]+/[^/]+)/commit/main")
BATCH = re.compile(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch")


class WritableHub(Hub):
    """Keeps repositories as folders below `root`.

    Attributes:
        root: Where they are.
        private: Id -> whether it is private.
        stored: sha256 of large files -> their content.
        sent: Names of repositories and sizes of the large files that were sent to them.
    """

    def __init__(self, root: Path) -> None:
        super().__init__({}, _WritingAnswers)
        self.root = root
        self.private: dict[str, bool] = {}
        self.stored: dict[str, bytes] = {}
        self.sent: list[int] = []
        self.cut_off: set[str] = set()
        self.closing = threading.Event()

    def add(self, name: str, *, private: bool) -> None:
        self.repositories[name] = self.root / name
        self.repositories[name].mkdir(parents=True)
        self.private[name] = private


class _WritingAnswers(Answers):
    server: WritableHub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append(f"POST {path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(b"{}", status=401)
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._send_json({"errors": [], "warnings": []})
        elif PREUPLOAD.fullmatch(path):
            self._choose_modes(json.loads(body))
        elif match := BATCH.fullmatch(path):
            self._offer_uploads(match[1], json.loads(body))
        elif match := COMMITS.fullmatch(path):
            self._commit(match[1], [json.loads(line) for line in body.splitlines()])
        else:
            self._send(b"{}", status=404)

    def do_PUT(self) -> None:
        size = int(self.headers["Content-Length"])
        name, _, oid = urlsplit(self.path).path.removeprefix("/lfs/").rpartition("/")
        if name == "alice/cut" and name not in self.server.cut_off:
            self.server.cut_off.add(name)
            self.rfile.read(size // 2)
            self.close_connection = True
            return
        self.server.stored[oid] = self.rfile.read(size)
        self.server.sent.append(size)
        self._send(b"")

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if status := re.search(r"status-(\d+)", name):
            self._send(b'{"error": "no"}', status=int(status[1]))
            return
        if name == "alice/list":
            self._send_json([])
            return
        self.server.add(name, private=asked.get("visibility") == "private" or asked.get("private", False))
        self._send_json({"url": f"{self.server.endpoint}/{name}"})

    def _choose_modes(self, asked: dict[str, Any]) -> None:
        modes = [
            {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(LARGE) else "regular", "shouldIgnore": False}
            for f in asked["files"]
        ]
        self._send_json({"files": modes})

    def _offer_uploads(self, name: str, asked: dict[str, Any]) -> None:
        offered = []
        for each in asked["objects"]:
            upload = {"upload": {"href": f"{self.server.endpoint}/lfs/{name}/{each['oid']}"}}
            offered.append(each if each["oid"] in self.server.stored else {**each, "actions": upload})
        self._send_json({"transfer": "basic", "objects": offered})

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        if name == "alice/silent":
            self.server.closing.wait(SILENCE)
            return
        if name == "alice/cut" and "committed" not in self.server.cut_off:
            self.server.cut_off.add("committed")
            self._send(b"{}", status=500)
            return
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                content = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                content = self.server.stored[value["oid"]]
                assert hashlib.sha256(content).hexdigest() == value["oid"]
            else:
                continue
            if name == "alice/changed" and line["key"] == "lfsFile":
                content = content[:-1] + bytes([content[-1] ^ 1])
            file = self.server.root / name / value["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        self._send_json({"commitUrl": f"{self.server.endpoint}/{name}/commit/{COMMIT}", "commitOid": COMMIT})

    def _answer_api(self, match: re.Match[str], body: bytes) -> None:
        if match[2] == "alice/page":
            self._send(b"<html>Log in to our network</html>", {"Content-Type": "text/html"})
        else:
            super()._answer_api(match, body)

    def described(self, name: str) -> dict[str, Any]:
        return {"private": self.server.private[name]}


@contextmanager
def taking(root: Path) -> Iterator[WritableHub]:
    """Take files into folders below `root` while the block runs."""
    hub = WritableHub(root)
    with answering(hub):
        try:
            yield hub
        finally:
            hub.closing.set()
