"""A study to be careful with and the browser to look with, made once."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.analysis.study import Study

from .hostile import hostile_study

if TYPE_CHECKING:
    from .browser import Browser


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study in which every name and text hopes to be more than that."""
    return hostile_study(tmp_path_factory.mktemp("hostile") / "run")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Browser]":
    """A browser."""
    from .browser import a_browser  # what drives it takes half a second to import

    with a_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
