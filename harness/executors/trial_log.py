"""The log of a trial: what its worker prints, its beginning and its end kept, made safe to be looked at."""

import contextlib
import os
import threading
from collections import deque
from pathlib import Path

from harness.system.files import write_atomically
from harness.wording.text import visible

KEPT_HEAD, KEPT_TAIL = 500_000, 100_000  # bytes
LAST_LINES = 5


class TrialLog:
    """A pipe that is read as long as somebody writes to it, so that a flood fills neither disk nor memory.

    Attributes:
        descriptor: What the worker's output goes to.
    """

    def __init__(self) -> None:
        self._read, self.descriptor = os.pipe()
        self._head, self._tail, self._left_out = bytearray(), deque[bytes](), 0
        self._in_tail = 0
        self._thread = threading.Thread(target=self._keep_reading, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let nobody here write to it any more; it ends when the last who still holds it ends."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def wait(self, seconds: float = 1.0) -> None:
        """Wait until all is read that was written; a process that escaped and still holds it is not waited for."""
        self._thread.join(seconds)

    def _keep_reading(self) -> None:
        with contextlib.suppress(OSError):
            while content := os.read(self._read, 65_536):
                self._keep(content)
        with contextlib.suppress(OSError):
            os.close(self._read)

    def _keep(self, content: bytes) -> None:
        room = KEPT_HEAD - len(self._head)
        self._head += content[:room]
        if rest := content[max(room, 0) :]:
            self._tail.append(rest)
            self._in_tail += len(rest)
            while self._in_tail - len(self._tail[0]) > KEPT_TAIL:
                lost = len(self._tail.popleft())
                self._in_tail -= lost
                self._left_out += lost

    @property
    def lines(self) -> list[str]:
        """What was printed, made safe for terminals, without tokens, a line each."""
        parts = [bytes(self._head), b"".join(self._tail)]
        if self._left_out:
            parts.insert(1, f"\n[{self._left_out:,} bytes are left out here]\n".encode())
        text = b"".join(parts).decode("utf-8", "replace").replace("\r\n", "\n")
        # A bar that is drawn over itself leaves what it showed last.
        return [visible(line.rstrip("\r").rpartition("\r")[2]) for line in text.split("\n")]

    @property
    def last_words(self) -> str:
        """The last lines that hold anything, "" where there are none."""
        return "\n".join([line for line in self.lines if line.strip()][-LAST_LINES:])

    def write(self, file: Path) -> bool:
        """Write what was printed to a file and return True; where that is nothing, leave no file."""
        lines = self.lines
        if not any(line.strip() for line in lines):
            return False
        write_atomically(file, "\n".join(lines).encode("utf-8", "backslashreplace"))
        return True
