"""A plugin that breaks the contract is told what was expected, what came and what to do."""

from types import ModuleType
from typing import Any

import pytest

from harness import hookimpl, hookspecs
from harness.plugin_system.faults import Fault, FaultyPluginError, check_hooks, faults_of, hook_names, signatures
from harness.plugin_system.loading import LoadedPlugins

PROBE = "from harness import hookimpl\n"
GOOD = f"{PROBE}@hookimpl\ndef harness_strategies():\n    return []\n"


def module(source: str) -> ModuleType:
    made = ModuleType("my_probe")
    exec(source, made.__dict__)
    return made


def faults(source: str) -> list[tuple[str, str, str]]:
    with pytest.raises(FaultyPluginError) as raised:
        check_hooks(module(source))
    return [(fault.expected, fault.found, fault.advice) for fault in raised.value.faults]


def test_hooks_of_the_contract_are_no_fault() -> None:
    good = module(f"{GOOD}@hookimpl\ndef harness_load_task(name, config, extra=1, *more, **others):\n    return None\n")
    check_hooks(good)
    assert hook_names(good) == ("harness_load_task", "harness_strategies")


def test_every_hook_is_written_as_its_author_would_write_it() -> None:
    assert signatures() == {
        "harness_strategies": "harness_strategies() -> Sequence[Strategy]",
        "harness_metrics": "harness_metrics() -> Sequence[Metric]",
        "harness_load_task": "harness_load_task(name: str, config: RunConfig) -> Task | None",
        "harness_executor": "harness_executor(name: str, config: RunConfig) -> Executor | None",
        "harness_run_started": "harness_run_started(run: Mapping[str, Any], path: Path) -> None",
        "harness_trial_finished": "harness_trial_finished(record: Mapping[str, Any]) -> None",
        "harness_run_finished": "harness_run_finished(run: Mapping[str, Any], path: Path) -> None",
        "harness_load_encoder": "harness_load_encoder(name: str, config: RunConfig, device: str, dtype: str) "
        "-> Encoder | None",
    }
    assert set(signatures()) == {name for name in vars(hookspecs) if name.startswith("harness_")}


@pytest.mark.parametrize("misspelt", ["harness_strategy", "harness_strategis", "strategies", "harness_Strategies"])
def test_a_misspelt_hook_is_named_beside_the_right_one(misspelt: str) -> None:
    ((expected, found, advice),) = faults(GOOD.replace("harness_strategies", misspelt))
    assert "harness_load_task" in expected
    assert found == f"{misspelt}()"
    assert advice == "Did you mean harness_strategies() -> Sequence[Strategy]?"


def test_a_hook_like_none_gets_all_of_them() -> None:
    ((_, _, advice),) = faults(GOOD.replace("harness_strategies", "harness_quux"))
    assert all(signature in advice for signature in signatures().values())


def test_a_wrong_signature_stands_beside_the_right_one() -> None:
    ((expected, found, advice),) = faults(f"{PROBE}@hookimpl\ndef harness_load_task(nam, config, size): ...\n")
    assert expected == f"the hook {signatures()['harness_load_task']}"
    assert found == "harness_load_task(nam, config, size), which asks for nam, size"
    assert "left out" in advice


def test_every_wrong_hook_of_a_plugin_is_told_at_once() -> None:
    both = f"{PROBE}@hookimpl\ndef harness_strategy(): ...\n@hookimpl\ndef harness_load_task(x): ...\n"
    assert len(faults(both)) == 2


@pytest.mark.parametrize("name", ["harness_strategies", "harness_strategy"])
def test_a_function_without_the_mark_is_found(name: str) -> None:
    ((expected, found, advice),) = faults(f"def {name}():\n    return []\n")
    assert "@harness.hookimpl" in expected
    assert found == f"{name}() without it"
    assert "rite @hookimpl above it (from harness import hookimpl)." in advice


def test_one_unmarked_hook_beside_a_marked_one_is_a_fault_and_another_function_is_none() -> None:
    ((_, found, _),) = faults(f"{GOOD}def harness_load_task(name): ...\n")
    assert found == "harness_load_task() without it"
    check_hooks(module(f"{GOOD}def harness_strategy_names(): ...\n"))


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        (ModuleType("empty"), "that it has no hook"),
        (object(), "a object, and it has no hook"),
    ],
    ids=["module", "object"],
)
def test_nothing_with_a_hook_is_told(plugin: object, told: str) -> None:
    with pytest.raises(FaultyPluginError, match=told):
        check_hooks(plugin)


def test_a_folder_that_hides_a_module_is_named() -> None:
    hidden = ModuleType("my_probe")
    hidden.__path__ = ["/somewhere/my_probe"]
    with pytest.raises(FaultyPluginError, match=r"the plain folder /somewhere/my_probe.*in another folder"):
        check_hooks(hidden)


def test_the_message_is_a_sentence_of_all_three() -> None:
    assert str(Fault("a list", "a number", "Return a list.")) == "expected a list, found a number. Return a list."


@pytest.mark.parametrize(
    ("statement", "found", "advice"),
    [
        (
            "import not_there_at_all.deeper",
            "No module named 'not_there_at_all'",
            "brings the module 'not_there_at_all'",
        ),
        ("raise OSError('gone')", "OSError: gone", "harness list --debug"),
        ("1 +", "SyntaxError", "Mend the line"),
    ],
)
def test_an_exception_at_import_is_told_with_what_to_do(statement: str, found: str, advice: str) -> None:
    try:
        exec(compile(statement, "my_probe.py", "exec"), {})
    except Exception as error:
        (fault,) = faults_of(error, "entry point my_probe = my_probe")
    assert found in fault.found
    assert "my_probe.py, line 1" in fault.found
    assert advice in fault.advice
    assert "entry point my_probe = my_probe" in fault.expected


class Offering:
    """A plugin that returns what it is given."""

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    @hookimpl
    def harness_strategies(self) -> Any:
        return self.returned


@pytest.mark.parametrize(
    ("returned", "expected", "found"),
    [
        (None, "a list of strategies", "returned None"),
        ([Offering], "a strategy", "the class Offering"),
        ([3], "a strategy with a name", "3"),
        ([type("Fast", (), {"name": "fast"})()], "a strategy with a name", "one called 'fast'"),
        (
            [type("Grouped", (), {"name": "grouped", "fit": 1, "load": 1, "groups": ("baseline",)})()],
            "strategy 'grouped' to be in groups among all, seed",
            "'baseline'",
        ),
        (
            [type("Half", (), {"name": "half", "fit": 1})()],
            "strategy 'half' to have the methods fit and load",
            "no load",
        ),
    ],
)
def test_what_is_no_strategy_is_told_with_what_one_is(returned: Any, expected: str, found: str) -> None:
    (broken,) = (plugin for plugin in LoadedPlugins([Offering(returned)]).plugins if plugin.error)
    (fault,) = broken.faults
    assert fault.expected.startswith(expected)
    assert found in fault.found
    assert str(fault) == broken.error
