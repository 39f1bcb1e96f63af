"""A server of chat completions in this process, which answers by words of the tiny task and fails on demand."""

import json
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.testing import tiny_task

KEY = "sk-test-0123456789"


class ChatServer(ThreadingHTTPServer):
    """Answers on 127.0.0.1.

    Attributes:
        bodies: What was asked, in order.
        keys: The headers with the key, in order.
        failures: Status and headers of the next replies, each given once before any answer; a status of 0 is a reply
            that is no JSON, -1 none before the test is over.
        tells_tokens: Whether probabilities of tokens are part of its answers.
        says: What it answers to everything, None for the class that it thinks right.
        places: For each token that it answers everything with, that and others -> probability, that which was said
            first; None for those of the class that it thinks right.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.failures: list[tuple[int, dict[str, str]]] = []
        self.tells_tokens = True
        self.says: str | None = None
        self.places: list[dict[str, float]] | None = None
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.keys.append(self.headers["Authorization"])
        status, headers = self.server.failures.pop(0) if self.server.failures else (200, {})
        if status == -1:
            self.server.over.wait(30)
        told = answer_to(body["messages"][0]["content"], self.server) if status == 200 else None
        refused = {"error": {"message": f"no, and your key is {KEY}"}}
        reply = b"<html>" if status == 0 else json.dumps(told or refused).encode()
        self.send_response(max(status, 200))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *given: object) -> None:
        """Print nothing."""


def answer_to(prompt: str, server: ChatServer) -> dict[str, Any]:
    """Return the completion: the class whose texts in train share the most words with the text."""
    names, text = re.findall(r"fits the text: (.*?)\? Answer.*Text: (.*)\nClass:", prompt, re.DOTALL)[0]
    labels, known = names.split(", "), words_of_classes()
    weights = [math.exp(len(known.get(label, set()) & set(text.split()))) for label in labels]
    shares = [weight / sum(weights) for weight in weights]
    said = server.says if server.says is not None else labels[shares.index(max(shares))]
    begun = {said[:2]: 0.0, **{label[:2]: p for label, p in zip(labels, shares, strict=True)}}
    places = server.places or [{"\n": 1.0}, begun, {said[2:]: 1.0}]
    told = {"content": [_place(place) for place in places]}
    choice = {"message": {"content": said}, **({"logprobs": told} if server.tells_tokens else {})}
    return {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 2}}


def _place(place: dict[str, float]) -> dict[str, Any]:
    """Return what a server tells of a place of an answer: the token that was said, and the most probable ones."""
    told = [{"token": token, "logprob": math.log(p) if p else -9999.0} for token, p in place.items()]
    return {**told[0], "top_logprobs": sorted(told, key=lambda token: -float(str(token["logprob"])))}


@cache
def words_of_classes() -> dict[str, set[str]]:
    """Return the words that texts of one class alone have in the tiny task's train."""
    task = tiny_task()
    found: dict[str, set[str]] = {name: set() for name in task.label_names}
    for text, label in zip(task.train.texts, task.train.labels, strict=True):
        found[task.label_names[label]] |= set(text.split())
    common = set.intersection(*found.values())
    return {name: words - common for name, words in found.items()}


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serve until the block ends."""
    with ChatServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
