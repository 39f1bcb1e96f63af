"""Completion in the shell: runs, data, strategies, fields; a list goes on without a blank."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import cli
from harness.cli.shells import SHELLS, completion_script

from .commands import Harness


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(harness: Harness, shell: str) -> None:
    outcome = harness("completion", shell)
    assert outcome.code == 0
    assert "_HARNESS_COMPLETE" in outcome.out


def test_an_unknown_shell_is_refused(harness: Harness) -> None:
    assert harness("completion", "csh").code == 2


@pytest.mark.parametrize(("typed", "offered"), [("log", "logreg_probe"), ("majority,log", "majority,logreg_probe")])
def test_the_shell_completes_strategies(typed: str, offered: str) -> None:
    variables = {"_HARNESS_COMPLETE": "bash_complete", "COMP_WORDS": f"harness run -s {typed}", "COMP_CWORD": "3"}
    script = "import sys; sys.argv = ['harness']; from harness.cli import cli; cli(prog_name='harness')"
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | variables, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"part,{offered}"], done.stderr


def completed(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[tuple[str, str]]:
    """Return type and value of what is offered for the last of the words."""
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    told = SHELLS["bash"](cli, {}, "harness", "_HARNESS_COMPLETE").complete()
    return [(kind, value) for kind, _, value in (line.partition(",") for line in told.splitlines())]


def test_the_shell_completes_runs_and_the_strategies_of_a_run(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = (folder.name for folder in full.iterdir())
    where = ("--output-dir", str(full))
    assert completed(monkeypatch, "harness", "show", *where, "la") == [("dir", "la"), ("plain", "latest")]
    assert completed(monkeypatch, "harness", "report", *where, name[:6]) == [("dir", name[:6]), ("plain", name)]
    offered = completed(monkeypatch, "harness", "predict", *where, "latest", "-s", "m")
    assert offered == [("plain", "majority"), ("plain", "mlp_probe")]
    assert completed(monkeypatch, "harness", "errors", *where, name, "-s", "kn") == [("plain", "knn_probe")]
    assert completed(monkeypatch, "harness", "errors", *where, "nothing", "-s", "kn") == []


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_offers_folders_and_names_where_nothing_is_typed_yet(full: Path) -> None:
    (name,) = (folder.name for folder in full.iterdir())
    stubs = "compdef() {}; compadd() { print -r -- names $plain }; _path_files() { print -r -- folders }"
    words = f"words=(harness show --output-dir {full} ''); CURRENT=5"
    program = f'{stubs}; eval "$(harness completion zsh)"; {words}; _harness_completion'
    done = subprocess.run(["zsh", "-f", "-c", program], env=with_program(), capture_output=True, text=True)
    assert done.stdout.splitlines() == ["folders", f"names latest {name}"], done.stderr


def with_program() -> dict[str, str]:
    """Return the environment in which a shell finds the program that is tested."""
    return {**os.environ, "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("run -s logreg_pr", ["logreg_probe", "logreg_probe,"]),
        ("run -s majority,logreg_pr", ["majority,logreg_probe", "majority,logreg_probe,"]),
        ("run --set logreg_probe.layer", ["logreg_probe.layer="]),
    ],
)
def test_fish_puts_no_blank_after_a_name_in_a_list(typed: str, offered: list[str]) -> None:
    """Fish puts one after what it offers alone, unless that ends in one of / = . and a comma."""
    program = f'harness completion fish | source; complete -C "harness {typed}"'
    done = subprocess.run(["fish", "--no-config", "-c", program], env=with_program(), capture_output=True, text=True)
    assert done.stdout.split() == offered, done.stderr


def test_the_shell_completes_data_and_goes_on_after_a_comma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("train.csv", "test.csv", "notes.md"):
        (tmp_path / file).touch()
    (tmp_path / "tickets").mkdir()
    monkeypatch.chdir(tmp_path)
    assert completed(monkeypatch, "harness", "run", "-d", "sa") == [("part", "sample")]
    offered = completed(monkeypatch, "harness", "run", "-d", "train.csv,t")
    assert offered == [("part", f"train.csv,{name}") for name in ("test.csv", "tickets/", "train.csv")]
    assert completed(monkeypatch, "harness", "audit", "-d", f"{tmp_path}/tr") == [("part", f"{tmp_path}/train.csv")]


def test_the_shell_completes_fields_of_a_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(monkeypatch, "harness", "run", "--set", "logreg") == [("part", "logreg_probe.")]
    offered = completed(monkeypatch, "harness", "run", "--set", "logreg_probe.")
    assert ("part", "logreg_probe.C=") in offered
    assert completed(monkeypatch, "harness", "run", "--set", "nobody.") == []


def test_bash_puts_no_blank_behind_a_name_in_a_list_and_one_behind_a_run(full: Path) -> None:
    offers = "harness() { [[ $COMP_WORDS == *show* ]] && echo plain,latest || echo part,majority,knn_probe; }"
    asks = 'compopt() { echo "$@"; }; COMP_WORDS=($WORDS); _harness_completion harness; echo "${COMPREPLY[@]}"'
    script = completion_script(cli, "bash").replace("env COMP_WORDS", "COMP_WORDS")
    for words, told in (("harness run -s m", "-o nospace\nmajority,knn_probe\n"), ("harness show l", "latest\n")):
        command = ["bash", "-c", f"{script}\n{offers}\n{asks}"]
        done = subprocess.run(command, env=os.environ | {"WORDS": words}, capture_output=True, text=True, check=True)
        assert done.stdout == told, done.stderr
