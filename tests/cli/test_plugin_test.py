"""`harness plugins test`: a list of what holds and what does not, of strategies by name and of files."""

import json
from pathlib import Path

import pytest

from harness.testing import CHECKS

from .commands import Harness
from .distributions import install, probe

WRONG = Path(__file__).parents[1] / "wrong_plugins"


def test_each_check_is_a_line_and_a_failure_says_what_was_expected_and_what_came(harness: Harness) -> None:
    outcome = harness("plugins", "test", "majority", str(WRONG / "leaves_settings_changed.py"))
    assert outcome.code == 1
    lines = [line.rstrip() for line in outcome.out.splitlines()]
    good, wrong = lines.index("majority"), lines.index("leaves_settings_changed")
    names = [check.__name__.removeprefix("check_").replace("_", " ") for check in CHECKS]
    assert [line[2:] for line in lines[good:wrong] if line.startswith("✓ ")] == names
    failure = lines.index("✗ leaves other strategies alone")
    assert wrong < failure
    assert lines[failure + 1] == (
        "  Another strategy predicts the same before and after it, and no setting of the process stays changed."
    )
    assert lines[failure + 2].startswith("  expected other strategies to be left alone, got sklearn.set_config changed")
    assert lines[-1] == f"{2 * len(CHECKS)} checks, 1 failed: leaves_settings_changed breaks the contract."


def test_an_installed_plugin_is_checked_by_its_name_or_by_its_file_and_json_has_all_of_it(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "plain_probe", probe("plain_probe"))
    file = next(tmp_path.glob("site-*/plain_probe.py"))
    outcome = harness("plugins", "test", str(file), "plain_probe", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    (told,) = json.loads(outcome.out)
    assert told["strategy"] == "plain_probe"
    assert {check["name"]: check["problem"] for check in told["checks"]} == {
        check.__name__.removeprefix("check_"): None for check in CHECKS
    }
    assert all(check["says"] and check["seconds"] >= 0 for check in told["checks"])


def test_a_check_that_cannot_judge_says_why_and_debug_adds_the_traceback(harness: Harness) -> None:
    argv = ("plugins", "test", str(WRONG / "raises_in_fit.py"), "--leave-out", "documents_its_parameters", "--debug")
    outcome = harness(*argv)
    assert outcome.code == 1
    assert "- same seed same predictions: not judged, as there are no predictions\n" in outcome.out
    assert "- documents its parameters: left out\n" in outcome.out
    assert outcome.out.endswith("19 checks, 1 failed, 14 not judged: raises_in_fit breaks the contract.\n")
    assert "Traceback" not in outcome.out
    assert outcome.err.startswith("Traceback")
    assert "ValueError: could not convert string to float" in outcome.err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["majorty"], "There is no strategy 'majorty'. Did you mean 'majority'?"),
        (["nowhere.py"], "There is no file nowhere.py"),
        ([str(Path(__file__))], "could not be loaded"),
        (
            ["majority", "--leave-out", "odd_texts"],
            "There is no check 'odd_texts'. Did you mean 'copes_with_odd_texts'?",
        ),
        ([], "Missing argument 'NAME|FILE...'"),
    ],
)
def test_what_cannot_be_checked_is_a_usage_error(argv: list[str], told: str, harness: Harness) -> None:
    outcome = harness("plugins", "test", *argv)
    assert outcome.code == 2
    assert told in outcome.err
