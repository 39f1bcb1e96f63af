"""docs/plugins.md tells of every hook and every field, and what it shows can be typed and runs as it stands."""

import inspect
import re
import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import click
import pytest

from harness import RunContext, hookspecs
from harness.cli import cli, main
from harness.encoding.tags import EncoderTags
from harness.plugin_system.faults import signatures
from harness.plugin_system.files import NamedPlugin
from harness.plugin_system.loading import LoadedPlugins
from harness.plugin_system.scaffold import KINDS
from harness.results.records import read_run
from harness.results.run_directory import find_run
from harness.strategies.description import describe_strategy
from harness.strategies.tags import DEPENDS_ON_DEPTH, REFUSAL, ClassifierTags, StrategyTags
from harness.testing import check_strategy, tiny_task

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", DOCS, re.DOTALL))
COMMANDS = re.findall(r"^    harness (.+?)(?: {2,}#.*)?$", DOCS, re.MULTILINE)
EXAMPLES = ("sign_probe", "bayes_probe", "two_poolings")
HOOKS = [name for name in vars(hookspecs) if name.startswith("harness_")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that the page shows, saved; and the folder that its commands are typed in."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_signature(hook: str) -> None:
    assert f"\n### {hook}\n\n    {signatures()[hook]}\n" in DOCS


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_implemented_in_an_example_and_exercised_by_a_test(hook: str) -> None:
    assert any(f"\ndef {hook}(" in content for content in FILES.values())
    tests = [file for file in (ROOT / "tests").rglob("test_*.py") if file.name != "test_docs.py"]
    assert [file for file in tests if f"def {hook}(" in file.read_text(encoding="utf-8")]


def test_every_field_of_the_context_is_documented() -> None:
    table = DOCS.split("### RunContext")[1].split("###")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [field.name for field in fields(RunContext)]


@pytest.mark.parametrize("tags", [StrategyTags, ClassifierTags, EncoderTags])
def test_every_tag_is_documented(tags: type) -> None:
    assert [each.name for each in fields(tags) if f"\n| `{each.name}` | " not in DOCS] == []
    assert f"\n| `{DEPENDS_ON_DEPTH}(n_layers)` | " in DOCS
    assert f"\n| `{REFUSAL}(model, n_layers, label_names)` | " in DOCS


def test_every_kind_of_a_new_plugin_is_documented() -> None:
    assert all(f"\n| `{kind}` | " in DOCS for kind in KINDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_typed(command: str) -> None:
    arguments = shlex.split(command)
    context = click.Context(cli, info_name="harness", obj={"plugins": ()}, **cli.context_settings)
    while isinstance(context.command, click.Group):
        name = arguments.pop(0)
        found = context.command.get_command(context, name)
        assert found is not None, command
        context = click.Context(found, parent=context, info_name=name)
    context.command.parse_args(context, arguments)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_strategies_keep_the_contract_and_tell_of_themselves(name: str, folder: Path) -> None:
    loaded = LoadedPlugins(named=[NamedPlugin(f"{name}.py")])
    assert [(plugin.name, plugin.error) for plugin in loaded.plugins if plugin.error] == []
    (strategy,) = (offer.strategy for offer in loaded.offers() if offer.name == name)
    check_strategy(strategy)
    assert all(parameter.meaning for parameter in describe_strategy(strategy).parameters)


def test_the_strategies_the_loader_and_the_encoder_run_together(folder: Path) -> None:
    task = tiny_task()
    rows = [
        (task.label_names[y], text) for s in (task.train, task.test) for y, text in zip(s.labels, s.texts, strict=True)
    ]
    (folder / "reviews.txt").write_text("".join(f"{label}\t{text}\n" for label, text in rows), encoding="utf-8")
    plugins = [word for name in FILES if name.endswith(".py") for word in ("--plugin", name)]
    where = ["-d", "lines:reviews.txt", "-m", "hashing", "--offline", "-q", "-s", f"majority,{','.join(EXAMPLES)}"]
    assert main(["run", *plugins, *where]) == 0
    run = read_run(find_run("latest", folder / "reports"))
    assert (run.task.name, run.task.n_rows("train"), run.task.n_rows("test")) == ("reviews", 60, 6)
    assert run.model is not None
    assert run.model.name == "hashing"
    scores = {record.strategy: record.test.accuracy for record in run.records if record.test}
    assert set(scores) == {"majority", *EXAMPLES}
    assert all(scores[name] > scores["majority"] for name in EXAMPLES)
    history = next(record.history for record in run.records if record.strategy == "two_poolings")
    assert {"epoch", "train_loss", "validation_f1_macro"} == set(history[0])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("calm\tone\nno tab\n", "reviews.txt, line 2: expected a label, a tab and a text"),
        (None, "Cannot read reviews.txt"),
    ],
)
def test_the_loader_says_what_is_wrong_with_a_file(
    content: str | None, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content:
        (folder / "reviews.txt").write_text(content)
    argv = ["run", "--plugin", "lines_loader.py", "-d", "lines:reviews.txt", "-s", "majority", "--offline", "-q"]
    assert main(argv) == 3
    assert told in " ".join(capsys.readouterr().err.split())


def test_the_package_by_hand_names_its_module(folder: Path) -> None:
    project = tomllib.loads(FILES["pyproject.toml"])
    (module,) = project["project"]["entry-points"]["harness"].values()
    assert project["tool"]["setuptools"]["py-modules"] == [module]
    assert f"{module}.py" in FILES


def headings(text: str) -> Sequence[str]:
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [
        re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in re.findall(r"^##+ (.+)$", plain, re.M)
    ]


def test_every_link_on_the_page_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", DOCS, flags=re.DOTALL))
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in headings(DOCS)
        else:
            assert (ROOT / "docs" / target.partition("#")[0]).exists(), target


def test_the_examples_have_docstrings_that_a_newcomer_reads() -> None:
    for name in ("bayes_probe.py", "two_poolings.py", "lines_loader.py"):
        assert inspect.cleandoc(FILES[name]).startswith('"""')
