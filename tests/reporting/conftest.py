"""A study to be careful with and the browser to look with, made once."""

from collections.abc import Iterator

import pytest

from harness.analysis.study import Study

from .browser import Browser, a_browser
from .hostile import hostile_study


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study in which every name and text hopes to be more than that."""
    return hostile_study(tmp_path_factory.mktemp("hostile") / "run")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser."""
    with a_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
