"""Flags win over the file, the file over the defaults, and a wrong value names its option."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness import RunConfig, UserError
from harness.config.assignments import parse_assignments
from harness.config.run_config import build_config, read_toml


def toml(folder: Path, content: str | bytes) -> Path:
    file = folder / "run.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_without_flags_or_file_the_defaults_stand() -> None:
    config = build_config({})
    assert config == RunConfig()
    assert (config.dataset_name, config.model_name) == ("emotion", "distilbert-base-uncased")
    assert (config.strategies, config.seeds, config.limit) == (("all",), (0,), None)


def test_flags_win_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = toml(tmp_path, 'dataset = "a"\nmodel = "m"\nseeds = [1, 2]\n')
    config = build_config({"dataset": "b", "limit": 5}, file)
    assert (config.dataset_name, config.model_name, config.seeds, config.limit) == ("b", "m", (1, 2), 5)


@pytest.mark.parametrize("spelling", ["batch-tokens", "batch_tokens"])
def test_names_in_the_file_take_dashes_or_underscores(tmp_path: Path, spelling: str) -> None:
    assert build_config({}, toml(tmp_path, f"{spelling} = 8")).batch_tokens == 8


def test_the_token_budget_is_chosen_unless_it_is_given(tmp_path: Path) -> None:
    assert build_config({}).batch_tokens == "auto"
    assert build_config({"batch_tokens": 512}).batch_tokens == 512
    assert build_config({"batch_tokens": "auto"}, toml(tmp_path, "batch-tokens = 512")).batch_tokens == "auto"


def test_the_cache_is_used_unless_it_is_switched_off(tmp_path: Path) -> None:
    assert (build_config({}).cache, build_config({}).cache_dir) == (True, None)
    file = toml(tmp_path, 'cache = false\ncache-dir = "elsewhere"')
    assert (build_config({}, file).cache, build_config({}, file).cache_dir) == (False, "elsewhere")
    assert build_config({"cache": True, "cache_dir": "here"}, file).cache_dir == "here"


@pytest.mark.parametrize(
    ("given", "seeds"),
    [("0,1, 2", (0, 1, 2)), ("3", (3,)), (3, (3,)), ([1, 1, 0], (1, 0)), ("1,", (1,)), ("0-2, 7", (0, 1, 2, 7))],
)
def test_lists_may_be_written_with_commas_and_repeats_count_once(given: Any, seeds: tuple[int, ...]) -> None:
    assert build_config({"seeds": given}).seeds == seeds


def test_no_label_names_are_refused() -> None:
    with pytest.raises(UserError, match="--label-names: name at least one"):
        build_config({"label_names": ""})


def test_label_names_and_strategies_may_be_written_with_commas() -> None:
    config = build_config({"label_names": "sad, joy", "strategies": "a,b,a"})
    assert (config.label_names, config.strategies) == (("sad", "joy"), ("a", "b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("batchtokens = 8", "sets 'batchtokens', which is no option that a file can set. Did you mean 'batch_tokens'"),
        ('set-all = "x"', "sets 'set_all', which is no option"),
        ("seeds = ", "is not valid TOML"),
        (b'model = "\xff"', "is not valid TOML"),
        ("batch-tokens = 8\nbatch_tokens = 9", "sets an option twice"),
    ],
    ids=["close name", "unknown name", "no TOML", "no UTF-8", "twice"],
)
def test_a_file_that_cannot_be_meant_is_refused_by_its_name(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError, match=rf"The configuration file .*run.toml .*{message}"):
        read_toml(toml(tmp_path, content))


@pytest.mark.parametrize("name", ["missing.toml", "."], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"Cannot read the configuration file .*Check --config"):
        build_config({}, tmp_path / name)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"limit": 1}, "--limit: .*greater than or equal to 2, got 1"),
        ({"seeds": "0,x"}, "--seeds: .*valid integer.*got 'x'"),
        ({"seeds": "-1"}, "--seeds: .*greater than or equal to 0"),
        ({"seeds": str(2**32)}, "--seeds: .*less than 4294967296"),
        ({"seeds": ""}, "--seeds: name at least one"),
        ({"strategies": " , "}, "--strategies: name at least one"),
        ({"device": "gpu"}, "--device: .*'cuda'.*got 'gpu'"),
        ({"dtype": "float16"}, "--dtype: .*'bfloat16'.*got 'float16'"),
        ({"batch_tokens": 0}, "--batch-tokens: expected 'auto' or a whole number from 1, got 0"),
        ({"batch_tokens": -1}, "--batch-tokens: .*got -1"),
        ({"batch_tokens": 2.5}, "--batch-tokens: .*got 2.5"),
        ({"batch_tokens": True}, "--batch-tokens: .*got True"),
        ({"batch_tokens": "many"}, "--batch-tokens: .*got 'many'"),
        ({"cache": "perhaps"}, "--cache: "),
        ({"cache_dir": ""}, "--cache-dir: .*at least 1 character"),
        ({"offline": "perhaps"}, "--offline: "),
        ({"dataset": ""}, "--dataset: .*at least 1 character"),
        ({"model": ""}, "--model: .*at least 1 character"),
        ({"colour": 1}, "--colour: "),
    ],
    ids=lambda value: next(iter(value.items())) if isinstance(value, dict) else "",
)
def test_a_wrong_value_names_its_option(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"{message}.*See 'harness run --help'"):
        build_config(flags)


def test_several_wrong_values_are_told_at_once() -> None:
    with pytest.raises(UserError, match=r"--limit: .* --device: "):
        build_config({"limit": 0, "device": "x"})


def test_assignments_become_strategy_field_value() -> None:
    parsed = parse_assignments(["probe.C=0.1", "probe.max-iter = 5", "my.probe.note=a=b", "probe.empty="])
    assert parsed == {"probe": {"C": "0.1", "max_iter": "5", "empty": ""}, "my.probe": {"note": "a=b"}}


@pytest.mark.parametrize("assignment", ["probe.C", "C=1", "probe.=1", ".C=1", "=", "", 3])
def test_what_is_no_assignment_is_refused(assignment: Any) -> None:
    with pytest.raises(UserError, match=r"--set expects STRATEGY.FIELD=VALUE, such as .*, got"):
        parse_assignments([assignment])


@pytest.mark.parametrize(
    "content",
    ["[set.probe]\nC = 1\nmax-iter = 7", 'set = ["probe.C=1", "probe.max_iter=7"]'],
    ids=["table", "list"],
)
def test_assignments_of_flags_win_one_by_one_over_those_of_the_file(tmp_path: Path, content: str) -> None:
    merged = build_config({"set": ["probe.max-iter=9", "other.x=1"]}, toml(tmp_path, content)).set
    assert {k: str(v) for k, v in merged["probe"].items()} == {"C": "1", "max_iter": "9"}
    assert merged["other"] == {"x": "1"}


@pytest.mark.parametrize("content", ["set = 3", "[set]\nprobe = 3", 'set = "ab"', "[set]\nprobe = [[1, 2]]"])
def test_a_set_table_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match=r"The \[set\] table must map strategy -> field -> value"):
        build_config({}, toml(tmp_path, content))


def test_a_configuration_survives_json_and_cannot_be_changed() -> None:
    config = build_config({"seeds": "0,1", "label_names": "a,b", "set": ["probe.C=1"]})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError, match="frozen"):
        config.limit = 3
