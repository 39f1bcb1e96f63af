"""What the package promises to the outside: its names, their documentation, the hooks, the schema of run.json."""

import inspect
import json
import subprocess
import sys
from importlib.resources import files
from types import ModuleType

import pytest

import harness
from harness import Run, hookspecs
from harness.results.records import SCHEMA_VERSION

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("harness_")}


def test_all_is_exactly_what_the_package_imports() -> None:
    public = {name for name, value in vars(harness).items() if name[0] != "_" and not isinstance(value, ModuleType)}
    assert public == set(harness.__all__)
    assert harness.__all__ == sorted(harness.__all__)


@pytest.mark.parametrize(
    "name", sorted({*harness.__all__} - {"hookimpl", "Pooling"})
)  # a type alias holds no docstring
def test_every_public_name_and_its_public_methods_have_a_docstring(name: str) -> None:
    value = getattr(harness, name)
    assert inspect.getdoc(value)
    for member, method in vars(value).items() if isinstance(value, type) else ():
        if member[0] != "_" and (inspect.isfunction(method) or isinstance(method, property | classmethod)):
            assert inspect.getdoc(method), f"{name}.{member} has no docstring"


def test_the_hooks_are_known_and_each_has_one_documented_sentence() -> None:
    told = {"harness_run_started", "harness_trial_finished", "harness_run_finished"}
    asked = {"harness_strategies", "harness_metrics", "harness_load_task", "harness_load_encoder", "harness_executor"}
    assert set(HOOKS) == asked | told
    for hook in HOOKS.values():
        assert len((inspect.getdoc(hook) or "").splitlines()) == 1
        assert inspect.signature(hook).return_annotation is not inspect.Signature.empty


def test_the_first_loader_wins_and_strategies_are_collected() -> None:
    first = {name for name, hook in HOOKS.items() if getattr(hook, "harness_spec")["firstresult"]}  # noqa: B009
    assert first == {"harness_load_task", "harness_load_encoder", "harness_executor"}


def test_the_published_schema_is_that_of_the_code() -> None:
    published = files("harness.results.schema").joinpath(f"run-v{SCHEMA_VERSION}.json").read_text(encoding="utf-8")
    assert published == json.dumps(Run.model_json_schema(), indent=2) + "\n", (
        "run.json changed its shape. If old files can still be read, write the schema anew: python -c "
        '"import json, harness; print(json.dumps(harness.Run.model_json_schema(), indent=2))" '
        f"> harness/results/schema/run-v{SCHEMA_VERSION}.json. If not, raise SCHEMA_VERSION first."
    )


@pytest.mark.slow
def test_help_imports_nothing_heavy() -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "harness", "--help"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "harness" in imported
    assert not imported & {"torch", "transformers", "datasets", "sklearn", "scipy", "matplotlib", "pyarrow", "rich"}


def test_a_plugin_that_imports_from_a_former_place_gets_the_same_and_is_told_the_new_one() -> None:
    sys.modules.pop("harness.sklearn_probe", None)
    with pytest.warns(DeprecationWarning, match="from harness import SklearnClassifier"):
        from harness.sklearn_probe import SklearnClassifier
    assert SklearnClassifier is harness.SklearnClassifier
