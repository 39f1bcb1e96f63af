"""A pytest plugin: fixtures for tests of strategies, and tests of those that `--harness-strategy` names.

A test file, or the topmost conftest.py where the option is wanted, asks for it:

    pytest_plugins = "harness.testing.pytest_plugin"

It is no entry point of pytest, because every run of pytest in the environment, whatever it tests, would then import
the harness.
"""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from harness.errors import UserError
from harness.strategies.strategy import Strategy
from harness.testing import suite
from harness.testing.bench import Bench, open_bench
from harness.testing.finding import find_offers
from harness.testing.suite import run_checks, told_failures

OPTION = "--harness-strategy"
_BENCH = pytest.StashKey[Bench]()


@pytest.fixture(scope="session")
def strategy_bench(pytestconfig: pytest.Config) -> Bench:
    """What checks work with, made once for all tests: `run_checks(MyProbe(), strategy_bench)`."""
    return _bench(pytestconfig)


@pytest.fixture
def check_strategy(strategy_bench: Bench) -> Callable[..., None]:
    """`harness.testing.check_strategy` on that bench: `check_strategy(MyProbe(), leave_out=())`."""

    def check(strategy: Strategy, leave_out: tuple[str, ...] = ()) -> None:
        suite.check_strategy(strategy, strategy_bench, leave_out)

    return check


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names strategies to check."""
    parser.getgroup("harness").addoption(
        OPTION,
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="Check a strategy: its name, a group such as 'all', or a Python file with strategies; repeatable.",
    )


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each strategy that the option names."""
    names = config.getoption(OPTION, default=[])
    try:
        found = find_offers(names) if names else []
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    items += [StrategyItem.from_parent(session, name=f"{OPTION}[{o.name}]", strategy=o.strategy) for o in found]


class StrategyItem(pytest.Item):
    """The test of one strategy by all checks."""

    def __init__(self, *, strategy: Strategy, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.strategy = strategy

    def runtest(self) -> None:
        """Run all checks."""
        if failures := told_failures(self.strategy, run_checks(self.strategy, _bench(self.config))):
            raise _FailedError(failures)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Tell the failures without the way through this file, which helps nobody."""
        if isinstance(excinfo.value, _FailedError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[str, None, str]:
        """Name the test by the strategy."""
        return self.strategy.name, None, self.name


class _FailedError(AssertionError):
    """A strategy that fails checks."""


def _bench(config: pytest.Config) -> Bench:
    """Return the bench of this run of pytest, opened when it is first needed."""
    if _BENCH not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_BENCH] = stack.enter_context(open_bench())
    return config.stash[_BENCH]
