"""A client of OpenAI-compatible chat completions that keeps every answer, under the hash of all that was asked."""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from harness import StrategyError, UserError, cache_folder

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before asking again, twice as long each time
AGAIN, SERVER_ERROR = (408, 425, 429), 500  # HTTP statuses that may pass
LARGEST_REPLY, LONGEST_MESSAGE, SHOWN = 2**20, 200, 60  # bytes, characters, bytes of a reply that is none

Body = Mapping[str, Any]
"""What is sent for one answer, all that it depends on."""


@dataclass(frozen=True)
class Answer:
    """What a server said, and what that took.

    Attributes:
        text: The answer.
        places: For each of its tokens, in order, that and what else could have stood there -> log probability, that
            which was said first; () where not told.
        prompt_tokens: Tokens that were read.
        completion_tokens: Tokens that were written.
        seconds: From asking to the whole answer, the last attempt alone.
    """

    text: str
    places: tuple[dict[str, float], ...]
    prompt_tokens: int
    completion_tokens: int
    seconds: float


@dataclass(frozen=True)
class Chat:
    """A server of chat completions.

    Attributes:
        base_url: Its address, up to /chat/completions.
        key_variable: Environment variable that holds the key, None to send none.
        at_once: Requests at the same time.
        timeout: Seconds to wait for an answer.
        retries: How often to ask again where it is busy, fails or does not answer.
    """

    base_url: str
    key_variable: str | None
    at_once: int
    timeout: float
    retries: int

    def remember(self) -> None:
        """Take note that the user named this server himself."""
        with _database() as database, database:
            database.execute("INSERT OR REPLACE INTO servers VALUES (?)", (self._name,))

    def is_known(self) -> bool:
        """Return whether the user ever named this server, and the variable of its key, himself."""
        with _database() as database:
            return bool(database.execute("SELECT 1 FROM servers WHERE server = ?", (self._name,)).fetchall())

    @property
    def _name(self) -> str:
        return json.dumps([self.base_url, self.key_variable])

    def key(self, body: Body) -> str:
        """Return the hash of what is asked, and whom; no text can be read from it."""
        return hashlib.sha256(json.dumps([self.base_url, body], sort_keys=True).encode()).hexdigest()

    def kept(self, bodies: Mapping[str, Body]) -> dict[str, Answer]:
        """Return the answers that were given earlier, of bodies by key."""
        with _database() as database:
            return dict(_read_kept(database, bodies))

    def ask(self, bodies: Mapping[str, Body], told: Callable[[int], None]) -> dict[str, Answer]:
        """Return an answer to each body by key, and keep each as soon as it is there.

        Args:
            bodies: What is asked.
            told: Called with the number of answers so far.

        Raises:
            StrategyError: Where the server refuses, or gives no answer that can be read.
        """
        found: dict[str, Answer] = {}
        pool = ThreadPoolExecutor(min(self.at_once, max(len(bodies), 1)))
        with _database() as database:
            try:
                waiting = {pool.submit(self._answer, body): key for key, body in bodies.items()}
                for future in as_completed(waiting):
                    key, answer = waiting[future], future.result()
                    found[key] = answer
                    with database:
                        row = (key, json.dumps(asdict(answer)))
                        database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", row)
                    told(len(found))
            finally:
                pool.shutdown(cancel_futures=True)
        return found

    def _answer(self, body: Body) -> Answer:
        secret = os.environ.get(self.key_variable, "") if self.key_variable else ""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {secret}"} if secret else {})}
        url = f"{self.base_url.rstrip('/')}/chat/completions"
        request = Request(url, json.dumps(body).encode(), headers)
        for tried in range(self.retries + 1):
            pause, started = FIRST_PAUSE * 2**tried, time.perf_counter()
            try:
                with build_opener(_NoRedirects).open(request, timeout=self.timeout) as reply:
                    return _read(reply.read(LARGEST_REPLY), time.perf_counter() - started)
            except HTTPError as refusal:
                with refusal as error:
                    why, pause = f"{error.code}: {_message(error, secret)}", _seconds_named(error, pause)
                if error.code not in AGAIN and error.code < SERVER_ERROR:
                    check = "key_variable" if error.code in (401, 403) else "base_url, model and logprobs"
                    raise StrategyError(f"{url} refuses with {why}. Check {check} of the strategy.") from None
            except ValueError as error:
                why = str(error)
            except (OSError, HTTPException) as error:
                why = f"{type(error).__name__}: {error}"[:LONGEST_MESSAGE]
            if tried < self.retries:
                time.sleep(min(pause, LONGEST_PAUSE))
        raise StrategyError(
            f"{url} gave no answer in {self.retries + 1} tries, at last {why}. Check base_url of the strategy. Answers "
            "so far are kept: the same command asks for the others alone."
        )


class _NoRedirects(HTTPRedirectHandler):
    """Refuses to be sent elsewhere: texts and key are for the address that was named."""

    def redirect_request(self, *given: Any) -> None:
        return None


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """Open the answers, which several processes may write at once.

    Raises:
        UserError: Where the file cannot be read or written.
    """
    file = cache_folder("answers") / "answers.sqlite"
    try:
        with closing(sqlite3.connect(file, timeout=60)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
            database.execute("CREATE TABLE IF NOT EXISTS servers (server TEXT PRIMARY KEY)")
            yield database
    except sqlite3.Error as error:
        raise UserError(
            f"{file} cannot be used: {error}. Free the disk, or remove the file: its answers are then asked for again."
        ) from error


def _read_kept(database: sqlite3.Connection, bodies: Mapping[str, Body]) -> Iterator[tuple[str, Answer]]:
    for key in bodies:
        for (row,) in database.execute("SELECT answer FROM answers WHERE key = ?", (key,)):
            with suppress(ValueError, TypeError):  # of another version: asked for again
                yield key, Answer(**json.loads(row))


def _message(error: HTTPError, secret: str) -> str:
    """Return what a server says of its refusal, without the key, which some quote."""
    try:
        told = json.loads(error.read(LARGEST_REPLY))["error"]
        told = told["message"] if isinstance(told, dict) else told
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        told = error.reason
    return " ".join(str(told).replace(secret or "\0", "[key]").split())[:LONGEST_MESSAGE].rstrip(".")


def _seconds_named(error: HTTPError, otherwise: float) -> float:
    """Return the seconds after which a server wants to be asked again."""
    try:
        return max(float(error.headers["Retry-After"]), 0.0)
    except (TypeError, ValueError):  # none, or a date
        return otherwise


def _read(reply: bytes, seconds: float) -> Answer:
    """Return the answer in a reply.

    Raises:
        ValueError: Where it has another form.
    """
    try:
        told = json.loads(reply)
        choice, usage = told["choices"][0], told.get("usage") or {}
        content = (choice.get("logprobs") or {}).get("content") or []
        asked = ([each, *each["top_logprobs"]] for each in content)  # what was said comes first
        places = tuple({str(token["token"]): float(token["logprob"]) for token in tokens} for tokens in asked)
        n_read, n_written = (int(usage.get(f"{part}_tokens") or 0) for part in ("prompt", "completion"))
        return Answer(str(choice["message"]["content"] or ""), places, n_read, n_written, seconds)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        shown = " ".join(reply[:SHOWN].decode("utf-8", "replace").split())
        raise ValueError(f"a reply that is no chat completion ({shown!r})") from error
