"""`make quick` leaves out what is slow, and nothing by mistake."""

from pathlib import Path

import pytest

from .conftest import SLOW_FIXTURES, SLOW_PLACES, is_slow_place

TESTS = Path(__file__).parent


@pytest.mark.parametrize("place", SLOW_PLACES)
def test_every_slow_place_is_there(place: str) -> None:
    assert [path for path in TESTS.rglob("test_*.py") if path.relative_to(TESTS).as_posix().startswith(place)]


def test_a_folder_is_slow_with_all_that_is_in_it_and_its_neighbours_are_not() -> None:
    assert is_slow_place(TESTS / "third_party")
    assert is_slow_place(TESTS / "third_party" / "test_wheel.py")
    assert not is_slow_place(TESTS / "cli")
    assert not is_slow_place(TESTS / "cli" / "test_options.py")


def test_every_slow_fixture_is_there() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in TESTS.rglob("*.py"))
    assert [name for name in SLOW_FIXTURES if f"def {name}(" not in sources] == []
