"""Progress: a bar on a terminal, a line now and then in a log, nothing where it is not wanted."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from harness.results.records import RunRecord
from harness.runs.reporter import Reporter, RunProgress, Silence
from harness.terminal.console import Page
from harness.terminal.epochs import EpochTable, epoch_line
from harness.terminal.outcomes import OutcomeRows, outcome_line
from harness.terminal.progress_bar import RATE_FROM, progress_bar
from harness.wording import quantities

LINE_INTERVAL = 5.0  # seconds between two lines in a log
BAR_INTERVAL = 0.05  # seconds between two updates of the bar
SHORTEST_NAME = 8  # columns of a trial's name, with fewer of which it says nothing
ROOM_IN_A_LOG = 200  # columns

Clock = Callable[[], float]


@contextmanager
def progress_display(
    console: Console, *, quiet: bool = False, clock: Clock = time.monotonic, language: str = "en"
) -> Iterator[Reporter]:
    """Open a display of progress.

    Args:
        console: Where to show it.
        quiet: Show nothing.
        clock: Seconds that only grow.
        language: Of its words, one of `harness.wording.languages.LANGUAGES`.

    Yields:
        On a terminal a bar that leaves nothing behind but the results of the trials; elsewhere plain
        lines, at most one every five seconds.
    """
    if quiet:
        yield Silence()
    elif console.is_terminal and not console.is_dumb_terminal:
        page = Page(console, language)
        epochs = EpochTable(page)
        with progress_bar(console, epochs) as bar:
            yield _Bar(bar, page, clock, epochs)
    else:
        yield _Lines(Page(console, language), clock)


@contextmanager
def waiting(console: Console, message: str, *, quiet: bool = False, language: str = "en") -> Iterator[None]:
    """Show on a terminal that something of unknown length goes on.

    Args:
        console: Where to show it.
        message: What goes on.
        quiet: Show nothing.
        language: Of the message.
    """
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    page = Page(console, language)
    with console.status(page.text(page.say_message(message))):
        yield


class _Speed:
    """Rate and time left of one activity, from when it was first heard of.

    An activity goes on while it counts up to the same total: a strategy may put the epoch into `what`.
    """

    def __init__(self, done: int, total: int, now: float) -> None:
        self._first = self._done = done
        self._total = total
        self._started = self._now = now

    def counts_on(self, done: int, total: int, now: float) -> bool:
        goes_on = total == self._total and done >= self._done
        self._done, self._now = done, now
        return goes_on

    @property
    def per_second(self) -> float:
        elapsed = self._now - self._started
        return (self._done - self._first) / elapsed if elapsed > 0 else 0.0

    @property
    def left(self) -> str:
        remaining = max(self._total - self._done, 0)
        return quantities.duration(remaining / self.per_second) if self.per_second else "?"


class _Throttled:
    """Remembers the activity and when it may next be shown."""

    interval: float

    def __init__(self, page: Page, clock: Clock) -> None:
        self.page = page
        self._clock = clock
        self._next = clock()
        self._speed: _Speed | None = None
        self._announced = ""
        self._run_progress: RunProgress | None = None

    def progress(self, what: str, done: int, total: int) -> None:
        if total == 0:
            self._speed = None  # what follows did not go on meanwhile
            if what != self._announced:
                self._announced = what
                self.announce(what)
            return
        now = self._clock()
        if self._speed is None or not self._speed.counts_on(done, total, now):
            self._speed = _Speed(done, total, now)
        if now >= self._next:
            self._next = now + self.interval
            self.show(what, done, total, self._speed)

    def show(self, what: str, done: int, total: int, speed: _Speed) -> None:
        raise NotImplementedError

    def announce(self, what: str) -> None:
        raise NotImplementedError

    def run_progress(self, progress: RunProgress) -> None:
        self._run_progress = progress
        if progress.at_a_time > 1 and (now := self._clock()) >= self._next:
            self._next = now + self.interval
            self.show_run_progress(progress)

    def show_run_progress(self, progress: RunProgress) -> None:
        raise NotImplementedError

    @property
    def left_in_all(self) -> str:
        """The time left of the run after what is said of a trial, "" where nobody knows it or it is the last."""
        progress = self._run_progress
        if progress is None or progress.seconds_left is None or progress.done + 1 >= progress.total:
            return ""
        return self.page.say(", {left} in all").format(left=quantities.duration(progress.seconds_left))

    def begin(self, wait: float) -> None:
        self._speed, self._announced = None, ""
        self._next = self._clock() + wait

    def finished(self, record: RunRecord) -> None:
        self.page.write([outcome_line(record, self.page)])


class _Lines(_Throttled):
    interval = LINE_INTERVAL

    def __init__(self, page: Page, clock: Clock) -> None:
        super().__init__(page, clock)
        self._next_epoch = clock() + LINE_INTERVAL

    def epoch(self, trial: str, entry: Mapping[str, float]) -> None:
        now = self._clock()
        if now >= self._next_epoch and (line := epoch_line(trial, entry, self.page)):
            self._next_epoch = now + LINE_INTERVAL
            self.page.write([line])

    def stage(self, name: str, number: int, total: int) -> None:
        self.begin(LINE_INTERVAL)
        self.page.write([self.page.text(f"[{number}/{total}] {self.page.say_message(name)}")])

    def show(self, what: str, done: int, total: int, speed: _Speed) -> None:
        say = self.page.say
        known = say("{what} {done}/{total}{unit}, {rate}/s, {left} left")
        line = (known if speed.per_second else say("{what} {done}/{total}{unit}")).format(
            what=self.page.say_message(what),
            done=f"{done:,}",
            total=f"{total:,}",
            unit=say(" texts") if what == "encode" else "",
            rate=quantities.rate(speed.per_second),
            left=speed.left,
        )
        self.page.write([self.page.text(f"{line}{self.left_in_all}")])

    def show_run_progress(self, progress: RunProgress) -> None:
        running, said = _running(progress, self.page, ROOM_IN_A_LOG), self.page.say(", {left} left")
        left = "" if progress.seconds_left is None else said.format(left=quantities.duration(progress.seconds_left))
        told = self.page.say("{done} of {total} trials done{left}; running: {running}")
        line = told.format(done=progress.done, total=progress.total, left=left, running=running)
        if line != self._announced:  # what waits elsewhere may not move for hours
            self._announced = line
            self.page.write([self.page.text(line)])

    def announce(self, what: str) -> None:
        self.page.write([self.page.text(self.page.say_message(what))])


class _Bar(_Throttled):
    interval = BAR_INTERVAL

    def __init__(self, bar: Progress, page: Page, clock: Clock, epochs: EpochTable) -> None:
        super().__init__(page, clock)
        self._bar, self._epochs = bar, epochs
        self._stage, self._rows = "", OutcomeRows(page)
        self._task = bar.add_task("", total=None, visible=False, what="", amount="", rate="", left="")

    def stage(self, name: str, number: int, total: int) -> None:
        self.begin(0.0)
        self._stage = name
        stage = self.page.short(f"[{number}/{total}] {self.page.say_message(name)}", self.page.width // 3)
        self._bar.reset(self._task, description=stage, total=None, visible=True, what="", amount="", rate="", left="")

    def show(self, what: str, done: int, total: int, speed: _Speed) -> None:
        say = self.page.say
        unit = say(" texts/s") if what == "encode" else "/s"
        self._bar.update(
            self._task,
            completed=done,
            total=total,
            what="" if what == self._stage else self.page.short(self.page.say_message(what), self.page.width // 4),
            amount=f"{done:,}/{total:,}",
            rate=quantities.rate(speed.per_second) + unit if speed.per_second else "",
            left=(say("{left} left").format(left=speed.left) if speed.per_second else "")
            + (self.left_in_all if self.page.width >= RATE_FROM else ""),
        )

    def show_run_progress(self, progress: RunProgress) -> None:
        left = "" if progress.seconds_left is None else quantities.duration(progress.seconds_left)
        room = self.page.width // 2 if self.page.width >= RATE_FROM else 0
        self._bar.update(
            self._task,
            description=f"[{progress.done}/{progress.total}]",
            completed=progress.done + sum(done / total for done, total in progress.running.values() if total),
            total=progress.total,
            visible=True,
            what="",
            amount=_running(progress, self.page, room),
            rate="",
            left=self.page.say("{left} left").format(left=left) if left else "",
        )

    def epoch(self, trial: str, entry: Mapping[str, float]) -> None:
        self._epochs.add(trial, entry)

    def finished(self, record: RunRecord) -> None:
        self._epochs.remove(record.trial)
        self.page.write(self._rows.of(record))

    def announce(self, what: str) -> None:
        shown = self.page.short(self.page.say_message(what), self.page.width // 2)
        self._bar.update(self._task, completed=0, total=None, what="", amount=shown, rate="", left="")


def _running(progress: RunProgress, page: Page, room: int) -> str:
    """Return the trials that run, each with the share that is done of what it does; their number where room is short.

    Args:
        progress: How far the run is.
        page: Where it is said.
        room: Columns for all of them.
    """
    running = progress.running.items()
    shares = {name: f" {100 * done / total:.0f} %" if total else "" for name, (done, total) in running}
    waits = page.say("; others wait for memory") if progress.waits_for_memory else ""
    if len(named := ", ".join(f"{name}{share}" for name, share in shares.items()) + waits) <= room:
        return named
    each = room // max(1, len(shares)) - 2
    longest = max(map(len, shares.values()), default=0)
    if each < SHORTEST_NAME + longest:
        return page.say("{n} running").format(n=len(shares))
    return ", ".join(f"{page.short(name, each - longest)}{share}" for name, share in shares.items())
